import type { Row } from "../../row.ts";
import { doubleEnds, lostStatus } from "./completion.ts";
import { rejections, waysToFail } from "./containment.ts";
import { enumeration } from "./enumeration.ts";
import { errorIds, secretsInErrors, stacks } from "./leaks.ts";
import { illegalMetadata, oddCodes } from "./odd-errors.ts";

export const rowsC: readonly Row[] = [
  rejections,
  waysToFail,
  secretsInErrors,
  stacks,
  errorIds,
  doubleEnds,
  lostStatus,
  oddCodes,
  illegalMetadata,
  enumeration,
];
