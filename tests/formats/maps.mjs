// Draws every map of a folder as its consumers do: .mmd by Mermaid's parser, .dot by Graphviz, .svg as XML.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, folder] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const { JSDOM } = require("jsdom");
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import(pathToFileURL(`${modules}/mermaid/dist/mermaid.core.mjs`));
const { Graphviz } = await load("@hpcc-js/wasm-graphviz");
const graphviz = await Graphviz.load();

const read = {
  mmd: (text) => mermaid.parse(text),
  dot: async (text) => graphviz.dot(text),
  svg: async (text) => {
    const parsed = new window.DOMParser().parseFromString(text, "image/svg+xml");
    const error = parsed.querySelector("parsererror");
    if (error) throw new Error(error.textContent);
  },
};
const counts = {};
for (const name of readdirSync(folder).sort()) {
  const kind = name.split(".").pop();
  await read[kind](readFileSync(`${folder}/${name}`, "utf8")).catch((error) => {
    console.error(`${name}: ${error}`);
    process.exitCode = 1;
  });
  counts[kind] = (counts[kind] ?? 0) + 1;
}
console.log(JSON.stringify(counts));
