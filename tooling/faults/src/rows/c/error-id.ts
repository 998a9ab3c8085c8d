import { ErrorDetail } from "@grpc-kit/generated-protos/common/errors";
import type { WireOutcome } from "../b/wire-calls.ts";

/** The id of the error that the caller is to ask about. */
export function errorIdOf({ headers }: WireOutcome): string | undefined {
  const bytes = Buffer.from(String(headers["error-detail-bin"] ?? ""), "base64");
  return ErrorDetail.decode(bytes).metadata.get("error_id");
}

/** Under each error id the line that has the cause; the one of the finished call has the id, too. */
export function loggedErrors(output: string): ReadonlyMap<string, string> {
  const lines = output
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes('"err":{'));
  return new Map(lines.map((line) => [String(JSON.parse(line).error_id), line]));
}
