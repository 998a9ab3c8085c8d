import { readFileSync } from "node:fs";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { certificateMaker } from "@grpc-kit/testing/certificates";
import { expect, it, onTestFinished } from "vitest";
import { callOn, openChannel } from "../../test/channel-call.ts";
import { startServer } from "../../test/channel-server.ts";

it("the authority does not say whom the certificate of the server must be for", async () => {
  const maker = certificateMaker();
  onTestFinished(() => maker.close());
  const by = maker.authority("authority");
  const { keyFile, certFile } = maker.certificate("shop", { by, subjectAltName: "DNS:items.shop" });
  const pair = { private_key: readFileSync(keyFile), cert_chain: readFileSync(certFile) };
  const server = await startServer({ credentials: ServerCredentials.createSsl(null, [pair]) });
  const codeOf = async (serverName?: string) => {
    const credentials = { caFile: by.certFile, ...(serverName !== undefined && { serverName }) };
    const channel = openChannel(server.target, { authority: "items.shop", credentials });
    return (await callOn(channel))?.code;
  };
  expect(await codeOf()).toBe(status.UNAVAILABLE);
  expect(await codeOf("items.shop")).toBe(status.OK);
});
