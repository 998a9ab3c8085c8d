import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ItemServiceService } from "@grpc-kit/generated-protos/examples/items";
import { decodeJwt } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { runProgram } from "./run-program.ts";
import { failureOf, newItem, serveItems, stubOf, temporaryFolder } from "./serve.ts";
import { sources, startProcess } from "./start-process.ts";

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runProgram(process.execPath, [...sources, ...args], env);

const jwt = /^[\w-]+\.[\w-]+\.[\w-]+\n$/;

describe("item-service token", () => {
  it("prints a token, and nothing else on stdout, that the service takes", async () => {
    const { address, dataFolder } = await serveItems();
    const { code, stdout, stderr } = await run(["token"], { DATA_DIR: dataFolder });
    expect(code).toBe(0);
    expect(stdout).toMatch(jwt);
    expect(stderr).toContain("dev may use items:read items:write with it for 8h");
    expect(stderr).toContain(dataFolder);
    const client = stubOf(ItemServiceService, address, { token: stdout.trim() });
    expect(await failureOf(client.createItem(newItem("lamp-1")))).toBe("OK");
  });

  it("makes the keys that a service takes which is started later", async () => {
    const DATA_DIR = temporaryFolder();
    const { stdout } = await run(["token", "--scope=items:read"], { DATA_DIR });
    const { address } = await startProcess({ DATA_DIR }, sources);
    const client = stubOf(ItemServiceService, address, { token: stdout.trim() });
    expect(await failureOf(client.createItem(newItem("lamp-1")))).toMatch(/^PERMISSION_DENIED/);
  });

  it("says in it what it is told to", async () => {
    const DATA_DIR = temporaryFolder();
    const args = ["token", "--scope", "a b", "--subject", "ada", "--expires", "30m"];
    const { stdout } = await run(args, { DATA_DIR });
    const { sub, scope, iat = 0, exp } = decodeJwt(stdout.trim());
    expect([sub, scope, exp]).toEqual(["ada", "a b", iat + 1_800]);
  });

  it.each([
    [{ NODE_ENV: "production" }, "in production no tokens are made for development"],
    [
      { AUTH_ISSUER: "https://login.example.com", AUTH_AUDIENCE: "a", AUTH_JWKS_FILE: "keys" },
      "the AUTH_ variables say that tokens are somebody else's: get one from https://login.example.com, or unset them",
    ],
  ])("prints none with %o, and says why", async (env, why) => {
    const { code, stdout, stderr } = await run(["token"], { DATA_DIR: temporaryFolder(), ...env });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`item-service: ${why}`);
  });
});

describe("item-service migrate", () => {
  it("brings the database up to date, and may be run again", async () => {
    const DATA_DIR = join(temporaryFolder(), "new");
    const upToDate = `the database sqlite:${DATA_DIR}/item-service.db is up to date\n`;
    const first = await run(["migrate"], { DATA_DIR });
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^applied 0001-items\n(applied [\w-]+\n)+the database/);
    expect(first.stdout).toContain(upToDate);
    expect(await run(["migrate"], { DATA_DIR })).toMatchObject({ code: 0, stdout: upToDate });
    const database = new DatabaseSync(join(DATA_DIR, "item-service.db"));
    onTestFinished(() => database.close());
    expect(database.prepare("SELECT count(*) AS count FROM items").get()).toEqual({ count: 0 });
  });

  it("says which settings are wrong", async () => {
    const { code, stderr } = await run(["migrate"], { DATABASE_URL: "items" });
    expect(code).toBe(1);
    expect(stderr).toContain("DATABASE_URL must be sqlite:<path> or postgres://<address>");
  });
});

describe("item-service probe", () => {
  it("tells by its exit code how a service is, the one on its own port by default", async () => {
    const { address } = await serveItems();
    const port = { GRPC_SERVER_PORT: address.split(":")[1] };
    const whole = await run(["probe"], port);
    expect(whole).toEqual({ code: 0, stdout: `${address} (whole server): SERVING\n`, stderr: "" });
    expect(await run(["probe", address, "readiness"])).toMatchObject({ code: 0 });
    expect(await run(["probe", address, "no.Such"])).toMatchObject({ code: 3 });
    expect(await run(["probe", "127.0.0.1:1"])).toMatchObject({ code: 2 });
    const help = await run(["probe", "--help"], { GRPC_SERVER_HOST: "::" });
    expect(help.stdout).toContain("Usage: item-service probe [address] [service]");
    expect(help.stdout).toContain("Default: [::1]:50051.");
  });
});

describe("item-service", () => {
  it("tells how it is used when it is asked, or called in another way", async () => {
    for (const name of ["help", "--help"]) {
      const { code, stdout, stderr } = await run([name]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("Usage: item-service [command]");
    }
    const wrong = [
      ["stop"],
      ["constructor"],
      ["serve", "--port=1"],
      ["token", "me"],
      ["migrate", "-x"],
    ];
    for (const args of wrong) {
      const { code, stdout, stderr } = await run(args);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("Usage: item-service [command]");
    }
  });

  it("does not start when its admin port is taken, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, stderr } = await run([], {
      DATA_DIR: temporaryFolder(),
      GRPC_SERVER_PORT: "0",
      ADMIN_PORT: String(port),
    });
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot serve metrics on 127.0.0.1:${port}`);
    expect(stderr).toContain("set GRPC_SERVER_PORT or ADMIN_PORT to a free port");
  });
});
