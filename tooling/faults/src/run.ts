import { allRows } from "./rows/all.ts";
import { runSuite } from "./suite.ts";

runSuite(process.argv.slice(2), {
  rows: allRows,
  print: (text) => void process.stdout.write(text),
  progress: (text) => void process.stderr.write(`${text}\n`),
}).then(
  // What a row has forgotten to close is not to keep the run from ending.
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`faults: ${error instanceof Error ? error.message : error}\n`);
    process.exit(2);
  },
);
