import { rowsZ } from "../fuzz/index.ts";
import type { Row } from "../row.ts";
import { rowsA } from "./a/index.ts";
import { rowsB } from "./b/index.ts";
import { rowsC } from "./c/index.ts";
import { rowsD } from "./d/index.ts";
import { rowsE } from "./e/index.ts";
import { rowsF } from "./f/index.ts";
import { rowsG } from "./g/index.ts";
import { rowsH } from "./h/index.ts";

/** All rows, in the order of their ids. */
export const allRows: readonly Row[] = [
  ...rowsA,
  ...rowsB,
  ...rowsC,
  ...rowsD,
  ...rowsE,
  ...rowsF,
  ...rowsG,
  ...rowsH,
  ...rowsZ,
];
