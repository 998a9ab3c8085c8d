import { once } from "node:events";
import { chown, copyFile, stat } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openPostgresPool } from "../../src/adapters/postgres/pool.ts";
import { createCertificates, hasOpenssl } from "../certificates.ts";
import { loggerTo, query, usePostgres } from "./databases.ts";

const server = usePostgres();
const SSL_REQUEST = 80_877_103;

/** Gives the server a certificate, and returns the path of what to trust it by. */
async function turnTlsOn(): Promise<string> {
  const certificate = createCertificates();
  const url = server().url();
  const [row] = await query<{ data_directory: string }>(url, "SHOW data_directory");
  const folder = row?.data_directory ?? "";
  const { uid, gid } = await stat(folder);
  for (const name of ["server.pem", "server.key"]) {
    await copyFile(certificate(name), join(folder, name));
    await chown(join(folder, name), uid, gid);
  }
  await query(url, "ALTER SYSTEM SET ssl_cert_file = 'server.pem'");
  await query(url, "ALTER SYSTEM SET ssl_key_file = 'server.key'");
  await query(url, "ALTER SYSTEM SET ssl = on");
  await query(url, "SELECT pg_reload_conf()");
  return certificate("ca.pem");
}

/** A proxy that notes what each connection asks for first. */
async function startRecorder(): Promise<{ readonly port: number; readonly codes: number[] }> {
  const codes: number[] = [];
  const target = Number(new URL(server().url()).port);
  const proxy = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    client.once("data", (chunk: Buffer) => codes.push(chunk.readUInt32BE(4)));
    for (const socket of [client, upstream]) {
      socket.on("error", () => {});
    }
    client.pipe(upstream).pipe(client);
  });
  await once(proxy.listen(0, "localhost"), "listening");
  onTestFinished(() => void proxy.close());
  return { port: (proxy.address() as AddressInfo).port, codes };
}

describe.skipIf(!hasOpenssl)("a connection with sslmode=verify-full", () => {
  it("is encrypted, and so is what cancels its statement", async () => {
    const url = await server().createDatabase();
    const authority = await turnTlsOn();
    const { port, codes } = await startRecorder();
    const secure = new URL(url);
    secure.host = `localhost:${port}`;
    secure.search = `sslmode=verify-full&sslrootcert=${authority}`;
    const config = { connectionString: secure.href, connectionTimeoutMillis: 10_000 };
    const logger = loggerTo([]);
    const pool = openPostgresPool({ config, logger, max: 1, waitMs: 10_000, limitMs: 30_000 });
    onTestFinished(() => pool.close());
    const encrypted = { text: "SELECT ssl, pid FROM pg_stat_ssl WHERE pid = pg_backend_pid()" };
    // The server has it from the next connection on.
    await expect
      .poll(() => pool.query(undefined, encrypted).then((result) => result.rows, String), {
        timeout: 10_000,
      })
      .toMatchObject([{ ssl: true }]);
    const { rows } = await pool.query(undefined, encrypted);
    const abort = new AbortController();
    const reason = new Error("nobody waits");
    const running = pool.query(abort, { text: "SELECT pg_sleep(25)" });
    setTimeout(() => abort.abort(reason), 100);
    await expect(running).rejects.toBe(reason);
    // Cancelled, and not closed: the connection is the same.
    expect((await pool.query(undefined, encrypted)).rows).toEqual(rows);
    expect(new Set(codes)).toEqual(new Set([SSL_REQUEST]));
  });
});
