#!/usr/bin/env node
// Loads every entry point of the built package in the folder that it runs in, as a module and by
// `require`. Both must give the same: https://nodejs.org/api/modules.html#loading-ecmascript-modules-using-require
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { name, exports } = JSON.parse(readFileSync("package.json", "utf8"));
const require = createRequire(resolve("package.json"));

for (const [entry, conditions] of Object.entries(exports)) {
  if (typeof conditions === "string") {
    continue;
  }
  const imported = await import(pathToFileURL(resolve(conditions.default)).href);
  const required = require(`${name}${entry.slice(1)}`);
  assert.ok(Object.keys(imported).length > 0, `${entry} exports nothing`);
  for (const [key, value] of Object.entries(imported)) {
    assert.equal(required[key], value, `${entry}: import and require give another ${key}`);
  }
}
process.stdout.write(`${name}: ${Object.keys(exports).length - 1} entry points load\n`);
