import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { CallCredentials, credentials, Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { type Certificate, certificateMaker } from "@grpc-kit/testing/certificates";
import { afterAll, describe, expect, it, vi } from "vitest";
import { callOn, openChannel } from "../../test/channel-call.ts";
import { type ChannelServer, startServer } from "../../test/channel-server.ts";
import type { ChannelOptions } from "./channel-options.ts";
import { createChannelRegistry } from "./channel-registry.ts";

const maker = certificateMaker();
afterAll(() => maker.close());
const authority = maker.authority("authority");
const caFile = authority.certFile;
const byIp = maker.certificate("by-ip", { by: authority, subjectAltName: "IP:127.0.0.1" });
const byName = maker.certificate("by-name", { by: authority, subjectAltName: "DNS:localhost" });
const ada = maker.certificate("ada", { by: authority, subjectAltName: "DNS:ada" });
const stranger = maker.certificate("stranger", {
  by: maker.authority("other"),
  subjectAltName: "DNS:ada",
});

function serve(own: Certificate, clientCa?: string): Promise<ChannelServer> {
  const pair = { private_key: readFileSync(own.keyFile), cert_chain: readFileSync(own.certFile) };
  const ca = clientCa === undefined ? null : readFileSync(clientCa);
  return startServer({ credentials: ServerCredentials.createSsl(ca, [pair], ca !== null) });
}

async function codeOf(target: string, options: ChannelOptions): Promise<status | undefined> {
  return (await callOn(openChannel(target, options)))?.code;
}

describe("TLS", () => {
  it("is the default, and has nothing to do with a server without it", async () => {
    const server = await startServer();
    const channel = createChannelRegistry().open(server.target);
    expect((await callOn(channel))?.code).toBe(status.UNAVAILABLE);
    expect(server.calls).toBe(0);
    await channel.close();
    expect(await codeOf(server.target, { credentials: "insecure" })).toBe(status.OK);
  });

  it("takes servers that the authorities have signed, by their address or name", async () => {
    const [ip, name] = [await serve(byIp), await serve(byName)];
    const localhost = `dns:///localhost:${name.port}`;
    expect(await codeOf(ip.target, { credentials: { caFile } })).toBe(status.OK);
    expect(await codeOf(localhost, { credentials: { caFile } })).toBe(status.OK);
    const serverName = "localhost";
    expect(await codeOf(name.target, { credentials: { caFile, serverName } })).toBe(status.OK);
  });

  it.each([
    ["that no authority of Node.js has signed", byIp, {}],
    ["that another authority has signed", byIp, { caFile: maker.authority("third").certFile }],
    ["that are somebody else", byName, { caFile }],
    ["that are not who they should be", byIp, { caFile, serverName: "localhost" }],
  ])("refuses servers %s", async (_name, own, tls) => {
    const server = await serve(own);
    expect(await codeOf(server.target, { credentials: tls })).toBe(status.UNAVAILABLE);
    expect(server.calls).toBe(0);
  });

  it("shows the client's certificate to a server that asks for one", async () => {
    const server = await serve(byIp, caFile);
    const codes = [ada, stranger, undefined].map((own) =>
      codeOf(server.target, { credentials: { caFile, ...own } }),
    );
    const { OK, UNAVAILABLE } = status;
    expect(await Promise.all(codes)).toEqual([OK, UNAVAILABLE, UNAVAILABLE]);
  });

  it("reads the files again for each connection, and keeps what it has if they are broken", async () => {
    const own = { certFile: `${ada.certFile}.now`, keyFile: `${ada.keyFile}.now` };
    const use = (now: Certificate) => {
      copyFileSync(now.certFile, own.certFile);
      copyFileSync(now.keyFile, own.keyFile);
    };
    use(stranger);
    const server = await serve(byIp, caFile);
    const channel = openChannel(server.target, {
      credentials: { caFile, ...own },
      reconnectBackoff: { initialMs: 10, maxMs: 20 },
    });
    expect((await callOn(channel))?.code).toBe(status.UNAVAILABLE);
    use(ada);
    expect((await callOn(channel, { waitForReady: true }))?.code).toBe(status.OK);
    server.kill();
    await vi.waitFor(() => expect(channel.state).not.toBe("READY"), { timeout: 15_000 });
    writeFileSync(own.keyFile, "half a k");
    await startServer({
      port: server.port,
      credentials: ServerCredentials.createSsl(
        readFileSync(caFile),
        [{ private_key: readFileSync(byIp.keyFile), cert_chain: readFileSync(byIp.certFile) }],
        true,
      ),
    });
    expect((await callOn(channel, { waitForReady: true }))?.code).toBe(status.OK);
  });
});

describe("credentials", () => {
  it("may be grpc-js's", async () => {
    const server = await serve(byName);
    const ssl = credentials.createSsl(readFileSync(caFile));
    const target = `localhost:${server.port}`;
    expect(await codeOf(target, { credentials: ssl })).toBe(status.OK);
  });

  it("of calls go with each of them, by TLS alone", async () => {
    const server = await serve(byIp);
    let asked = 0;
    const callCredentials = CallCredentials.createFromMetadataGenerator((_options, callback) => {
      asked += 1;
      callback(null, new Metadata());
    });
    expect(await codeOf(server.target, { credentials: { caFile }, callCredentials })).toBe(
      status.OK,
    );
    expect(asked).toBe(1);
    const insecure = [credentials.createInsecure(), "insecure"] as const;
    for (const one of insecure) {
      expect(() =>
        createChannelRegistry().open("a:1", { credentials: one, callCredentials }),
      ).toThrow("callCredentials must not be sent without TLS");
    }
  });

  it.each([
    [{ credentials: "plain" as never }, 'credentials must be "insecure", an object with files, or'],
    [
      { credentials: { certFile: "a" } },
      "credentials.keyFile must be set with credentials.certFile",
    ],
    [
      { credentials: { keyFile: "a" } },
      "credentials.certFile must be set with credentials.keyFile",
    ],
    [
      { credentials: { caFile: 1 as never } },
      "credentials.caFile must be the path of a file, got 1",
    ],
    [
      { credentials: { serverName: "" } },
      "credentials.serverName must be the name of a host, got ''",
    ],
    [
      { credentials: { ca: "a" } as never },
      "credentials must be of caFile, certFile, keyFile, serverName, got 'ca'",
    ],
    [
      { credentials: { caFile: "/no/such.pem" } },
      "ENOENT: no such file or directory, open '/no/such.pem'",
    ],
    [
      { credentials: { certFile: ada.certFile, keyFile: byIp.keyFile } },
      "must be PEM and belong together",
    ],
    [
      { callCredentials: {} as never },
      "callCredentials must be CallCredentials of grpc-js, got {}",
    ],
  ])("may not be %o", (options, message) => {
    expect(() => createChannelRegistry().open("a:1", options)).toThrow(message);
  });
});
