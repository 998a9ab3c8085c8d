import { randomBodies } from "../../fuzz/messages.ts";
import type { Row } from "../../row.ts";
import { brokenBodies } from "./bodies.ts";
import {
  compressedBomb,
  malformedCompression,
  manyBombs,
  unknownCompression,
} from "./compression.ts";
import { nesting, prototypes, unknownContent } from "./decoding.ts";
import { errorTexts } from "./error-texts.ts";
import { foreignClients } from "./foreign-clients.ts";
import { declaredLength, oversizeAnswer, oversizeBody } from "./sizes.ts";
import { hardTimeouts } from "./timeouts.ts";
import { validation } from "./validation.ts";

export const rowsB: readonly Row[] = [
  declaredLength,
  oversizeBody,
  compressedBomb,
  manyBombs,
  malformedCompression,
  unknownCompression,
  brokenBodies,
  nesting,
  unknownContent,
  prototypes,
  randomBodies,
  validation,
  errorTexts,
  hardTimeouts,
  oversizeAnswer,
  foreignClients,
];
