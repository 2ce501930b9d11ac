// Writes, by GitHub's own library, the annotations of the JSON document given: what svckit writes must be the same.
const { readFileSync } = require("node:fs");
const [modules, path] = process.argv.slice(2);
const core = require(`${modules}/@actions/core`);
const write = { error: core.error, warning: core.warning, note: core.notice };
for (const { severity, message, ...properties } of JSON.parse(readFileSync(path, "utf8"))) {
  write[severity](message, properties);
}
