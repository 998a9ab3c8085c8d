import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import type { WireOutcome } from "../../wire/wire-calls.ts";

/** The id of the error that the caller is to ask about. */
export function errorIdOf({ headers }: WireOutcome): string | undefined {
  const bytes = Buffer.from(String(headers["error-detail-bin"] ?? ""), "base64");
  return ErrorDetail.decode(bytes).metadata.get("error_id");
}

/**
 * Under each error id the line that has the cause; the one of the finished call has the id, too. The last line, which
 * may not be whole yet, is left out.
 */
export function loggedErrors(output: string): ReadonlyMap<string, string> {
  const lines = output
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.startsWith("{") && line.includes('"err":{'));
  return new Map(lines.map((line) => [String(JSON.parse(line).error_id), line]));
}
