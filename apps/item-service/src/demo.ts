import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { status } from "@grpc/grpc-js";
import { makeDevelopmentToken } from "./auth/development-token.ts";
import { connectItems, type ItemsTarget } from "./demo/items.ts";
import { manyItems } from "./demo/many-items.ts";
import { removeAll } from "./demo/remove-all.ts";
import { tour } from "./demo/tour.ts";

const usage = `Usage: demo [address] [options]

Calls every method of a running item-service, and deletes what it has created.
The address is host:port (default: 127.0.0.1, on GRPC_SERVER_PORT or 50051).

  --items <count>        goes on with so many items by long streams (default: 0)
  --token-file <file>    has the token to send (default: the variable TOKEN, or else
                         a token for development, of the service with the same DATA_DIR)
  --ca <file>            connects with TLS, to a certificate of these authorities (PEM)
  --help                 prints this
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      items: { type: "string", default: "0" },
      "token-file": { type: "string" },
      ca: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const [address = `127.0.0.1:${process.env.GRPC_SERVER_PORT ?? "50051"}`] = positionals;
  const count = Number(values.items);
  if (!/^\d{1,7}$/.test(values.items)) {
    throw new Error(`--items must be an integer from 0 to 9999999, got ${values.items}`);
  }
  const token = await findToken(values["token-file"]);
  await run({ address, token, caFile: values.ca }, count);
}

async function findToken(file: string | undefined): Promise<string> {
  const given = file === undefined ? process.env.TOKEN : readFileSync(file, "utf8");
  if (given !== undefined) {
    return given.trim();
  }
  const scope = "items:read items:write";
  const made = await makeDevelopmentToken(process.env, { scope, subject: "demo", expiresIn: "1h" });
  return made.token;
}

async function run(target: ItemsTarget, count: number): Promise<void> {
  const prefix = `demo-${Date.now().toString(36)}`;
  const connection = connectItems(target);
  let isInterrupted = false;
  const interrupt = (): void => {
    isInterrupted = true;
    void connection.close();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  let hasBegun = false;
  try {
    await connection.ready();
    process.stdout.write(`item-service at ${target.address}\n\n`);
    hasBegun = true;
    await tour(connection.items, prefix);
    if (count > 0) {
      await manyItems(connection.items, prefix, count);
    }
  } catch (error) {
    if (hasBegun) {
      await cleanUp(target, prefix);
    }
    throw isInterrupted ? new Error("interrupted; what it had created is deleted") : error;
  } finally {
    await connection.close();
  }
}

// On a connection of its own: the other one may be why.
async function cleanUp(target: ItemsTarget, prefix: string): Promise<void> {
  const connection = connectItems(target);
  try {
    await removeAll(connection.items, prefix);
  } catch (error) {
    process.stderr.write(`demo: items may be left with skus that begin with ${prefix}: ${error}\n`);
  } finally {
    await connection.close();
  }
}

/** What to do about an error, where that is known. */
function advise(error: unknown): string {
  switch ((error as { readonly code?: unknown }).code) {
    case status.UNAUTHENTICATED:
      return "\nThe service takes other tokens: run this with its DATA_DIR, or with a token of its issuer as TOKEN.";
    case status.PERMISSION_DENIED:
      return "\nThe token needs the scopes items:read and items:write.";
    default:
      return "";
  }
}

main().catch((error: unknown) => {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`demo: ${text}${advise(error)}\n`);
  process.exitCode = 1;
});
