import { setTimeout as delay } from "node:timers/promises";
import { callHead, encodeHead } from "@grpc-kit/testing/hpack";
import { connectRaw, streamId } from "@grpc-kit/testing/raw-http2";
import { missUnless } from "../../harness/judge.ts";
import type { Service } from "../../harness/service.ts";
import type { Row } from "../../row.ts";
import { bodies, callFrames, itemPaths } from "../../wire/items.ts";
import { accepted, callWith, freshToken, serviceWithKey } from "./key-service.ts";

export const authorizationHeader: Row = {
  id: "D13",
  fault:
    "authorization twice, joined by a comma, in odd cases, with more spaces, with something behind",
  promise:
    "exactly `Bearer`, in any case, one space and the token; anything else is UNAUTHENTICATED; of two headers the first counts",
  isQuick: true,
  async run(harness) {
    const { caller, tokens, service } = await serviceWithKey(harness);
    const token = freshToken(tokens);
    const bad = `${token.slice(0, -5)}AAAAA`;
    const values: Readonly<Record<string, boolean>> = {
      [`Bearer ${token}`]: true,
      [`bearer ${token}`]: true,
      [`BEARER ${token}`]: true,
      [`bEaReR ${token}`]: true,
      [`Bearer  ${token}`]: false,
      [`Bearer\t${token}`]: false,
      [`Bearer${token}`]: false,
      [`Bearer ${token} `]: false,
      [`Bearer ${token} x`]: false,
      [`Bearer ${token},`]: false,
      [`Bearer ${token};`]: false,
      [`Bearer ${token}, Bearer ${token}`]: false,
      [`Bearer ${bad}, Bearer ${token}`]: false,
      [`Bearer ${token}, Bearer ${bad}`]: false,
      [`Bearer "${token}"`]: false,
      [`Bearer Bearer ${token}`]: false,
      [`Basic ${token}`]: false,
      [`Token ${token}`]: false,
      [token]: false,
      Bearer: false,
      "": false,
    };
    const misses: string[] = [];
    for (const [value, isGood] of Object.entries(values)) {
      const { name } = await callWith(caller, { authorization: value });
      const wanted = isGood ? accepted : "UNAUTHENTICATED";
      misses.push(
        ...missUnless(
          name === wanted,
          `${JSON.stringify(value.replaceAll(token, "…"))} ended with ${name}, not with ${wanted}`,
        ),
      );
    }
    const pairs = [
      [token, bad, "NotFound"],
      [bad, token, "Unauthenticated"],
    ] as const;
    for (const [first, second, code] of pairs) {
      const counted = await callWithTwo(service, [first, second], code);
      misses.push(
        ...missUnless(counted === 3, `of 3 calls with two headers, ${counted} ended with ${code}`),
      );
    }
    const count = Object.keys(values).length + pairs.length;
    return { measured: `${count - misses.length} of ${count} forms as they should`, misses };
  },
};

/** Makes three calls with two headers, and tells how many have ended so. Only a raw client sends two. */
async function callWithTwo(
  service: Service,
  tokens: readonly string[],
  code: string,
): Promise<number> {
  const labels = { grpc_method: "GetItem", grpc_code: code };
  const handled = async (): Promise<number> =>
    (await service.metrics()).sum("grpc_server_handled_total", labels);
  const before = await handled();
  const entries = tokens.map((token) => ["authorization", `Bearer ${token}`] as const);
  const head = encodeHead([...callHead(itemPaths.getItem), ...entries]);
  const connection = await connectRaw(service.port);
  const ids = [0, 1, 2].map(streamId);
  const body = bodies.getItem("00000000-0000-4000-8000-000000000000");
  await connection.send(...ids.map((id) => callFrames(id, head, body)));
  const endMs = performance.now() + 5_000;
  while (!ids.every((id) => connection.ended.has(id)) && performance.now() < endMs) {
    await delay(5);
  }
  connection.close();
  return (await handled()) - before;
}
