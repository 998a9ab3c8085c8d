import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { expect, it } from "vitest";
import { runProgram } from "../run-program.ts";
import { createItem, listAll, stubOf, temporaryFolder } from "../serve.ts";
import { startProcess } from "../start-process.ts";
import { query, usePostgres } from "./databases.ts";

const server = usePostgres();
const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

it("is brought up to date by item-service migrate, which shows no password", async () => {
  const url = await server().createDatabase();
  const env = { DATABASE_URL: url, DATA_DIR: temporaryFolder() };
  const first = await runProgram(process.execPath, [main, "migrate"], env);
  expect(first.code).toBe(0);
  expect(first.stdout).toMatch(/^(applied [\w-]+\n)+the database postgres.* is up to date\n$/);
  expect(first.stdout + first.stderr).not.toContain(new URL(url).password);
  const second = await runProgram(process.execPath, [main, "migrate"], env);
  expect(second.stdout).toMatch(/^the database .* is up to date\n$/);
  expect(await query(url, "SELECT count(*)::int AS count FROM items")).toEqual([{ count: 0 }]);
}, 60_000);

it("is shared by two services that start at once on an empty database", async () => {
  const env = { DATABASE_URL: await server().createDatabase(), DATA_DIR: temporaryFolder() };
  const services = await Promise.all([startProcess(env), startProcess(env)]);
  const [first, second] = services.map(({ address, token }) =>
    stubOf(ItemServiceService, address, { token }),
  );
  if (first === undefined || second === undefined) {
    throw new Error("both have started");
  }
  const created = [await createItem(first, "lamp-1"), await createItem(second, "lamp-2")];
  expect(await listAll(first, 1)).toEqual(created);
  expect(await listAll(second, 1)).toEqual(created);
  for (const { child } of services) {
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  }
}, 60_000);
