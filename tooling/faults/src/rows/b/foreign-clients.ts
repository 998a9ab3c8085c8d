import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { newItem } from "../../wire/items.ts";

const buf = fileURLToPath(new URL("../../../node_modules/.bin/buf", import.meta.url));
const schema = fileURLToPath(new URL("../../../../../protos", import.meta.url));

interface CurlResult {
  readonly stdout: string;
  readonly stderr: string;
}

function curl(url: string, token: string, body: object): Promise<CurlResult> {
  const args = [
    ...["curl", "--schema", schema, "--protocol", "grpc", "--http2-prior-knowledge"],
    ...["--header", `authorization: Bearer ${token}`, "--data", JSON.stringify(body), url],
  ];
  return new Promise((resolve) => {
    // How it went is in what it prints.
    execFile(buf, args, { timeout: 60_000 }, (_error, stdout, stderr) =>
      resolve({ stdout, stderr }),
    );
  });
}

export const foreignClients: Row = {
  id: "B16",
  fault: "a client in another language (grpc-go, by buf curl)",
  promise:
    "it reads answers, streams and errors with details by the protos alone; `pnpm interop` has all the rest",
  isQuick: false,
  async run(harness) {
    const service = await harness.service();
    const call = (method: string, body: object): Promise<CurlResult> =>
      curl(`http://${service.address}/examples.ItemService/${method}`, service.token(), body);
    const item = newItem();
    const created = await call("CreateItem", item);
    const { id = "" } = JSON.parse(created.stdout || "{}");
    const listed = await call("ListItems", { filter: `sku = "${item.sku}"` });
    const batched = await call("BatchCreateItems", item);
    const synced = await call("SyncItems", { deleteId: id });
    const missing = await call("GetItem", { id });
    const error = JSON.parse(missing.stderr || "{}");
    const types = (error.details ?? []).map(({ type }: { readonly type: string }) => type).join();
    return {
      measured: `4 kinds of call and an error: ${error.code}, ${types}`,
      misses: [
        ...missUnless(id !== "", `CreateItem: ${created.stderr}`),
        ...missUnless(
          listed.stdout === created.stdout,
          `ListItems: ${listed.stdout}${listed.stderr}`,
        ),
        ...missUnless(
          /SkuTakenError/.test(batched.stdout),
          `BatchCreateItems: ${batched.stdout}${batched.stderr}`,
        ),
        ...missUnless(
          /"success": ?true/.test(synced.stdout),
          `SyncItems: ${synced.stdout}${synced.stderr}`,
        ),
        ...missUnless(error.code === "not_found", `GetItem of what is gone: ${missing.stderr}`),
        ...missUnless(
          types === "google.rpc.ErrorInfo,google.rpc.ResourceInfo",
          `its details: ${types}`,
        ),
      ],
    };
  },
};
