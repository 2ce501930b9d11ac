"""Reads what svckit wrote as its consumers do. Arguments: folder of the schema, GitLab's report, JUnit's report."""

import json
import pathlib
import sys

import jsonschema
import junitparser

folder, gitlab, junit = map(pathlib.Path, sys.argv[1:])

schema = json.loads((folder / "gitlab.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
issues = json.loads(gitlab.read_text())
jsonschema.Draft202012Validator(schema).validate(issues)
prints = [issue["fingerprint"] for issue in issues]
assert len(set(prints)) == len(prints), "two issues share a fingerprint"

report = junitparser.JUnitXml.fromfile(str(junit))
counted = {"tests": 0, "failures": 0, "errors": 0}
for suite in report:
    cases = list(suite)
    results = [result for case in cases for result in case.result]
    failed = sum(isinstance(r, junitparser.Failure) for r in results)
    broken = sum(isinstance(r, junitparser.Error) for r in results)
    assert (suite.tests, suite.failures, suite.errors) == (len(cases), failed, broken), suite.name
    assert all(r.message and (r.text or broken) for r in results), suite.name
    for name, number in zip(counted, (len(cases), failed, broken)):
        counted[name] += number
found = {"tests": report.tests, "failures": report.failures, "errors": report.errors}
assert found == counted, (found, counted)
print(json.dumps({"issues": len(issues), **counted}))
