import type { Row } from "../row.ts";
import { filters } from "./filters.ts";
import { frames } from "./frames.ts";
import { streamMessages, unaryMessages } from "./messages.ts";
import { metadata } from "./metadata.ts";
import { pageTokens } from "./page-tokens.ts";
import { sockets } from "./sockets.ts";
import { tokens } from "./tokens.ts";

/** Rows that send what fast-check makes up. */
export const rowsZ: readonly Row[] = [
  sockets,
  frames,
  metadata,
  unaryMessages,
  streamMessages,
  tokens,
  filters,
  pageTokens,
];
