import { createReadStream } from "node:fs";
import { ValidationError } from "@grpc-kit/grpc-status/errors";
import { StockFileError } from "../application/stock-errors.ts";
import { parseStockLine } from "../application/stock-line.ts";
import type { StockFileLine } from "../application/stock-source.ts";

const maxLineBytes = 65_536;
const newline = 0x0a;

/**
 * Reads a file of one object in JSON for each line, as it is asked for lines: no more than a block and a
 * line are in memory. Blank lines are left out, and counted. Throws StockFileError.
 */
export async function* readStockFile(path: string): AsyncGenerator<StockFileLine> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const { number, bytes } of readLines(path)) {
    try {
      const text = decode(decoder, bytes);
      if (text.trim() !== "") {
        yield { number, stock: parseStockLine(text) };
      }
    } catch (error) {
      if (!(error instanceof ValidationError)) {
        throw error;
      }
      yield { number, error };
    }
  }
}

function decode(decoder: TextDecoder, bytes: Buffer | undefined): string {
  if (bytes === undefined) {
    const description = `must have at most ${maxLineBytes} bytes`;
    throw new ValidationError([{ field: "", description }]);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new ValidationError([{ field: "", description: "must be text in UTF-8" }]);
  }
}

/** `bytes` is undefined for a line that is too long. */
async function* readLines(
  path: string,
): AsyncGenerator<{ readonly number: number; readonly bytes: Buffer | undefined }> {
  let number = 0;
  let parts: Buffer[] = [];
  let length = 0;
  const keep = (part: Buffer): void => {
    length += part.length;
    parts = length <= maxLineBytes ? [...parts, part] : [];
  };
  const take = () => {
    const bytes = length <= maxLineBytes ? Buffer.concat(parts) : undefined;
    number += 1;
    parts = [];
    length = 0;
    return { number, bytes };
  };
  for await (const block of readBlocks(path)) {
    let start = 0;
    for (let end = block.indexOf(newline); end >= 0; end = block.indexOf(newline, start)) {
      keep(block.subarray(start, end));
      start = end + 1;
      yield take();
    }
    keep(block.subarray(start));
  }
  if (length > 0) {
    yield take();
  }
}

async function* readBlocks(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const block of createReadStream(path)) {
      yield block;
    }
  } catch (cause) {
    throw new StockFileError(cause);
  }
}
