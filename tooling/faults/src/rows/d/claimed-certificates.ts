import { readFileSync } from "node:fs";
import { credentials, Metadata, Server, ServerCredentials, status } from "@grpc/grpc-js";
import {
  Item,
  ItemServiceClient,
  type ItemServiceServer,
  ItemServiceService,
} from "@grpc-kit/generated-protos/examples/items";
import { callValues, identityKey } from "@grpc-kit/grpc-context";
import { auth, createCertificateVerifier } from "@grpc-kit/grpc-interceptors/server/auth";
import { type Certificate, certificateMaker } from "@grpc-kit/testing/certificates";
import { clientOptions } from "../../harness/calls.ts";
import type { Harness } from "../../harness/harness.ts";
import { missUnless } from "../../harness/judge.ts";
import type { Row } from "../../row.ts";
import { callerOf, callWith } from "./key-service.ts";

/** What a proxy would say, and what callers say who would like to be somebody else. */
const claims: Readonly<Record<string, string>> = {
  "x-forwarded-client-cert": 'By=spiffe://a/b;Hash=00;Subject="CN=boss";URI=;DNS=boss.example.com',
  "x-ssl-client-cert": "-----BEGIN CERTIFICATE-----",
  "x-ssl-client-s-dn": "CN=boss.example.com",
  "ssl-client-subject-dn": "CN=boss.example.com",
  "x-client-dn": "CN=boss.example.com",
  "x-spiffe-id": "spiffe://example.com/boss",
  "x-user": "boss.example.com",
  authorization: "Bearer boss.example.com",
};

export const claimedCertificates: Row = {
  id: "D20",
  fault:
    "A caller whose metadata says that it has another certificate than it has, or one where it has none",
  promise:
    "metadata counts for nothing: it is known by the certificate of its connection, and by nothing else",
  isQuick: false,
  async run(harness) {
    const certificates = certificateMaker();
    harness.onEnd(() => certificates.close());
    const authority = certificates.authority("authority");
    const pair = certificates.certificate("server", { by: authority });
    const ada = certificates.certificate("ada", {
      by: authority,
      subjectAltName: "DNS:ada.example.com",
    });
    const client = connectTo(harness, await serve(harness, authority, pair), authority, ada);
    const service = await harness.service();
    const caller = callerOf(harness, service);
    const misses: string[] = [];
    const entries = Object.entries(claims);
    const all = [{}, ...entries.map(([name, value]) => ({ [name]: value })), claims];
    for (const headers of all) {
      const names = Object.keys(headers).join(", ") || "nothing";
      const known = await whoAmI(client, headers);
      // A service that wants tokens has no ear for certificates.
      const { name } = await callWith(caller, headers);
      misses.push(
        ...missUnless(known === "ada.example.com", `ada with ${names} was ${known}`),
        ...missUnless(name === "UNAUTHENTICATED", `nobody with ${names} ended with ${name}`),
      );
    }
    return {
      measured: `${2 * all.length} calls, ${misses.length || "none"} by another name`,
      misses,
    };
  },
};

/** A server that answers who calls, and insists on certificates. */
async function serve(harness: Harness, authority: Certificate, pair: Certificate): Promise<number> {
  const verifier = createCertificateVerifier({
    name: "dns",
    allowedSubjects: ["ada.example.com", "boss.example.com"],
  });
  const server = new Server({ interceptors: [auth({ verifier })] });
  const handlers: Pick<ItemServiceServer, "getItem"> = {
    getItem: ({ metadata }, callback) =>
      callback(
        null,
        Item.create({ name: callValues(metadata).get(identityKey)?.subject ?? "nobody" }),
      ),
  };
  server.addService(ItemServiceService, { ...handlers });
  const keys = [
    { cert_chain: readFileSync(pair.certFile), private_key: readFileSync(pair.keyFile) },
  ];
  const tls = ServerCredentials.createSsl(readFileSync(authority.certFile), keys, true);
  harness.onEnd(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", tls, (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function connectTo(
  harness: Harness,
  port: number,
  authority: Certificate,
  { keyFile, certFile }: Certificate,
): ItemServiceClient {
  const [root, key, cert] = [authority.certFile, keyFile, certFile].map((file) =>
    readFileSync(file),
  );
  const tls = credentials.createSsl(root, key, cert);
  const client = new ItemServiceClient(`127.0.0.1:${port}`, tls, clientOptions);
  harness.onEnd(() => client.close());
  return client;
}

async function whoAmI(
  client: ItemServiceClient,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) {
    metadata.set(name, value);
  }
  return new Promise((resolve) => {
    client.getItem({ id: "a" }, metadata, { deadline: Date.now() + 10_000 }, (error, item) =>
      resolve(error === null ? item.name : (status[error.code] ?? "")),
    );
  });
}
