import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { type HealthServer, HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { describe, expect, it, onTestFinished } from "vitest";
import { serveHealth } from "../test/serve-health.ts";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("..", import.meta.url));

interface ProbeResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a process of its own. A busy machine is slow, so it gets more than a second. */
async function probe(...args: string[]): Promise<ProbeResult> {
  const program = ["--conditions=@grpc-kit/source", "src/probe.ts", "--timeout-ms=5000"];
  try {
    const output = await run(process.execPath, [...program, ...args], {
      cwd: folder,
      timeout: 15_000,
      // What a container might have. No probe of the server beside it may go there.
      env: { ...process.env, http_proxy: "http://127.0.0.1:9", grpc_proxy: "http://127.0.0.1:9" },
    });
    return { exitCode: 0, ...output };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "grpc-health-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function bind(server: Server, address: string, credentials?: ServerCredentials) {
  onTestFinished(() => server.forceShutdown());
  const bindAsync = promisify(server.bindAsync.bind(server));
  return bindAsync(address, credentials ?? ServerCredentials.createInsecure());
}

describe("grpc-health", () => {
  it("exits with 0 when the server or the service is SERVING, and with 4 when not", async () => {
    const { health, address } = await serveHealth();
    const down = await probe(address, "readiness");
    expect(down).toEqual({
      exitCode: 4,
      stdout: `${address} readiness: NOT_SERVING\n`,
      stderr: "",
    });
    await health.start();
    const up = await probe(address);
    expect(up).toEqual({ exitCode: 0, stdout: `${address} (whole server): SERVING\n`, stderr: "" });
  });

  it("asks over a Unix socket", async () => {
    const { health, server } = await serveHealth();
    await health.start();
    const address = `unix:${join(temporaryFolder(), "health.sock")}`;
    await bind(server, address);
    expect(await probe(address, "readiness")).toMatchObject({ exitCode: 0 });
  });

  it("exits with 3 and says what to do when the server does not know the service", async () => {
    const { address } = await serveHealth();
    const { exitCode, stdout, stderr } = await probe(address, "shop");
    expect([exitCode, stdout]).toEqual([3, ""]);
    expect(stderr).toContain("shop: NOT_FOUND: unknown service. The server knows no service");
  });

  it("exits with 3 when the server has no health service, or does not answer", async () => {
    const empty = new Server();
    const emptyPort = await bind(empty, "127.0.0.1:0");
    const without = await probe(`127.0.0.1:${emptyPort}`);
    expect(without.exitCode).toBe(3);
    expect(without.stderr).toContain("UNIMPLEMENTED");

    const silent = new Server();
    silent.addService(HealthService, { check: () => {}, watch: () => {}, list: () => {} });
    const port = await bind(silent, "127.0.0.1:0");
    const late = await probe(`127.0.0.1:${port}`, "--timeout-ms=2000");
    expect(late.exitCode).toBe(3);
    expect(late.stderr).toContain("DEADLINE_EXCEEDED");
  });

  it("exits with 3 and speaks of authentication when the server wants it", async () => {
    const strict = new Server();
    const check: HealthServer["check"] = (_call, callback) =>
      callback({ code: status.UNAUTHENTICATED, details: "who are you?" });
    strict.addService(HealthService, { check, watch: () => {}, list: () => {} });
    const port = await bind(strict, "127.0.0.1:0");
    const { exitCode, stderr } = await probe(`127.0.0.1:${port}`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("Exempt /grpc.health.v1.Health/Check from authentication.");
  });

  it("exits with 2 when nobody listens, or what listens does not speak HTTP/2", async () => {
    const mute = createServer((socket) => socket.on("error", () => {}));
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as { port: number };
    const unanswered = await probe(`127.0.0.1:${port}`, "--timeout-ms=1000");
    expect(unanswered.exitCode).toBe(2);
    mute.close();
    const refused = await probe(`127.0.0.1:${port}`);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`cannot connect to 127.0.0.1:${port} within 5000 ms: `);
    expect(refused.stderr).toContain("ECONNREFUSED");
    expect(refused.stderr).toContain("Is a server listening there");
  });

  it("speaks TLS and shows a certificate of its own", async () => {
    const path = temporaryFolder();
    const [certificate, key] = [join(path, "cert.pem"), join(path, "key.pem")];
    const subject = ["-subj", "/CN=health.test", "-addext", "subjectAltName=DNS:health.test"];
    const files = ["-keyout", key, "-out", certificate];
    const kind = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
    ];
    await run("openssl", ["req", "-x509", ...kind, ...files, ...subject]);

    const { health, server } = await serveHealth();
    await health.start();
    const pair = { cert_chain: readFileSync(certificate), private_key: readFileSync(key) };
    const mutual = ServerCredentials.createSsl(readFileSync(certificate), [pair], true);
    const address = `127.0.0.1:${await bind(server, "127.0.0.1:0", mutual)}`;
    const tls = ["--tls", "--server-name=health.test"];
    const mine = [`--ca=${certificate}`, `--cert=${certificate}`, `--key=${key}`];
    expect(await probe(address, ...tls, ...mine)).toMatchObject({ exitCode: 0 });
    // Without the authority, and without a certificate to show.
    expect(await probe(address, ...tls)).toMatchObject({ exitCode: 2 });
    expect(await probe(address, ...tls, `--ca=${certificate}`)).toMatchObject({ exitCode: 2 });
    expect(await probe(address)).toMatchObject({ exitCode: 2 });
  });

  it("prints how it is used", async () => {
    const { exitCode, stdout } = await probe("--help");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Usage: grpc-health <address> [service] [options]");
  });

  it.each([
    [[], "name one address and at most one service"],
    [["a:1", "b", "c"], "name one address and at most one service"],
    [["a:1", "--timeout-ms=0"], "--timeout-ms must be an integer from 1 to 86400000, got 0"],
    [["a:1", "--cert=x"], "--ca, --cert, --key and --server-name need --tls"],
    [["a:1", "--tls", "--cert=x"], "--cert and --key must be given together"],
    [["a:1", "--tls", "--ca=/no/such/file"], "--ca must be a file that can be read: ENOENT"],
    [["a:1", "--wait"], "Unknown option '--wait'"],
  ])("exits with 1 when called with %o", async (args, message) => {
    const { exitCode, stdout, stderr } = await probe(...args);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toContain("See grpc-health --help.");
  });
});
