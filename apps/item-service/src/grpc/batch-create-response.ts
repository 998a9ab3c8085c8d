import type { BatchCreateResponse } from "@grpc-kit/generated-protos/examples/items";
import type { BatchCreateResult } from "../application/batch-create-items.ts";
import { toErrorDetail } from "./item-error-detail.ts";

// 100,000 ids have 3.6 MiB, and clients take answers of 4 MiB: 1,000 failures share what is left.
const MAX_MESSAGE_BYTES = 300;

/** What became of a batch, in a message that fits into 4 MiB. */
export function toBatchCreateResponse({
  createdIds,
  failures,
}: BatchCreateResult): BatchCreateResponse {
  return {
    createdCount: createdIds.length,
    createdIds: [...createdIds],
    errors: failures.map(({ index, error }) => {
      const detail = toErrorDetail(error, new Map([["index", String(index)]]));
      return { ...detail, message: shorten(detail.message) };
    }),
  };
}

function shorten(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_MESSAGE_BYTES) {
    return text;
  }
  // `stream` leaves out a character that is cut in the middle.
  const start = new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE_BYTES - 3), {
    stream: true,
  });
  return `${start}…`;
}
