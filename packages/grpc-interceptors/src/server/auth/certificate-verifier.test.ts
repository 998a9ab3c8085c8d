import type { PeerCertificate } from "node:tls";
import {
  type ChannelOptions,
  credentials,
  Metadata,
  ServerCredentials,
  status,
} from "@grpc/grpc-js";
import { callValues, type Identity, identityKey } from "@grpc-kit/grpc-context";
import { callFixture, callKinds, type Outcome } from "@grpc-kit/testing";
import { FixtureServiceClient } from "@grpc-kit/testing/fixtures";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Certificate, createAuthority } from "../../../test/auth-certificates.ts";
import { serveFixture } from "../../../test/serve-fixture.ts";
import type { InterceptedCall } from "../call-hook.ts";
import { auth } from "./auth.ts";
import {
  type CertificateVerifierOptions,
  createCertificateVerifier,
} from "./certificate-verifier.ts";

const spiffe = { name: "spiffe", trustDomains: ["prod.test"] } as const;
const authority = createAuthority();

interface Answer {
  readonly outcome: Outcome;
  readonly identity: Identity | undefined;
}

/** Makes a call over TLS, with a certificate of one's own if there is one. */
async function callAs(
  options: CertificateVerifierOptions,
  certificate: Certificate | undefined,
  metadata: Metadata = new Metadata(),
  kind: (typeof callKinds)[number] = "unary",
): Promise<Answer> {
  const { issue, cert: root } = authority as NonNullable<typeof authority>;
  const { key, cert } = issue("/CN=server", "DNS.1=localhost");
  const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) };
  let identity: Identity | undefined;
  const { port } = await serveFixture({
    serverCredentials: ServerCredentials.createSsl(
      Buffer.from(root),
      [pair],
      certificate !== undefined,
    ),
    interceptors: [auth({ verifier: createCertificateVerifier(options) })],
    handlers: {
      unary(call, callback) {
        identity = callValues(call.metadata).get(identityKey);
        callback(null, call.request);
      },
    },
  });
  const channel = credentials.createSsl(
    Buffer.from(root),
    certificate === undefined ? null : Buffer.from(certificate.key),
    certificate === undefined ? null : Buffer.from(certificate.cert),
  );
  const local: ChannelOptions = { "grpc.use_local_subchannel_pool": 1 };
  const client = new FixtureServiceClient(`localhost:${port}`, channel, local);
  onTestFinished(() => client.close());
  const outcome = await callFixture(client, kind, { metadata }).outcome;
  return { outcome, identity };
}

describe.skipIf(authority === undefined)("createCertificateVerifier over TLS", () => {
  const issue = (subject: string, names?: string): Certificate =>
    (authority as NonNullable<typeof authority>).issue(subject, names);

  it.each(callKinds)("lets in whom the certificate names: %s", async (kind) => {
    const certificate = issue("/CN=shop", "URI.1=spiffe://prod.test/ns/shop");
    const { outcome, identity } = await callAs(spiffe, certificate, new Metadata(), kind);
    expect(outcome.code).toBe(status.OK);
    if (kind === "unary") {
      expect(identity).toMatchObject({
        subject: "spiffe://prod.test/ns/shop",
        claims: { fingerprint256: expect.stringMatching(/^[0-9A-F:]{95}$/) },
      });
    }
  });

  it("D20 does not believe metadata about certificates", async () => {
    const metadata = new Metadata();
    const victim = "spiffe://prod.test/ns/admin";
    metadata.set("x-forwarded-client-cert", `By=a;Hash=b;URI=${victim}`);
    metadata.set("x-ssl-client-s-dn", "CN=admin");
    metadata.set("x-spiffe-id", victim);
    const certificate = issue("/CN=shop", "URI.1=spiffe://prod.test/ns/shop");
    const mine = await callAs(spiffe, certificate, metadata);
    expect(mine.identity?.subject).toBe("spiffe://prod.test/ns/shop");
    const none = await callAs(spiffe, undefined, metadata);
    expect(none.outcome).toMatchObject({
      code: status.UNAUTHENTICATED,
      details: "credentials are missing",
    });
  });

  it.each([
    ["one DNS name", { name: "dns" }, "/CN=x", "DNS.1=a.test", "a.test"],
    ["two DNS names", { name: "dns" }, "/CN=x", "DNS.1=a.test\nDNS.2=b.test", undefined],
    [
      "an allowed one of two",
      { name: "dns", allowedSubjects: ["b.test", "c.test"] },
      "/CN=x",
      "DNS.1=a.test\nDNS.2=b.test",
      "b.test",
    ],
    [
      "none that is allowed",
      { name: "dns", allowedSubjects: ["c.test"] },
      "/CN=c.test",
      "DNS.1=a.test",
      undefined,
    ],
    ["a common name", { name: "commonName" }, "/CN=ada", "DNS.1=a.test", "ada"],
    ["two common names", { name: "commonName" }, "/CN=ada/CN=admin", undefined, undefined],
    ["no common name", { name: "commonName" }, "/O=org", undefined, undefined],
    ["a DNS name in a URI", { name: "dns" }, "/CN=x", "URI.1=DNS:admin.test", undefined],
    [
      "a DNS name within another (CVE-2021-44532)",
      { name: "dns", allowedSubjects: ["admin.test"] },
      "/CN=x",
      'DNS.1="a.test, DNS:admin.test"',
      undefined,
    ],
    [
      "a URI within a DNS name (CVE-2021-44532)",
      spiffe,
      "/CN=x",
      'DNS.1="a.test, URI:spiffe://prod.test/admin"',
      undefined,
    ],
    ["another trust domain", spiffe, "/CN=x", "URI.1=spiffe://dev.test/a", undefined],
    [
      "two URIs",
      spiffe,
      "/CN=x",
      "URI.1=spiffe://prod.test/a\nURI.2=spiffe://prod.test/b",
      undefined,
    ],
    ["no URI", spiffe, "/CN=spiffe:\\/\\/prod.test\\/a", "DNS.1=a.test", undefined],
  ] as const)("finds %s", async (_name, options, subject, names, expected) => {
    const { outcome, identity } = await callAs(options, issue(subject, names));
    expect([outcome.code, identity?.subject]).toEqual(
      expected === undefined ? [status.UNAUTHENTICATED, undefined] : [status.OK, expected],
    );
  });
});

describe("createCertificateVerifier", () => {
  async function subjectOf(subjectaltname: string): Promise<string | undefined> {
    const sslPeerCertificate = { subjectaltname, subject: { CN: "x" } } as PeerCertificate;
    const wire = { getAuthContext: () => ({ sslPeerCertificate }) };
    const call = { wire } as unknown as InterceptedCall;
    return (await createCertificateVerifier(spiffe).verifyCall(call))?.identity.subject;
  }

  it.each([
    "spiffe://prod.test",
    "spiffe://prod.test/",
    "spiffe://prod.test//a",
    "spiffe://prod.test/a/",
    "spiffe://prod.test/./a",
    "spiffe://prod.test/a/..",
    "spiffe://prod.test/a?x",
    "spiffe://prod.test/a#x",
    "spiffe://prod.test/a%2fb",
    "spiffe://prod.test:443/a",
    "spiffe://me@prod.test/a",
    "SPIFFE://prod.test/a",
    "spiffe://PROD.test/a",
    "https://prod.test/a",
    "spiffe://prod.test.evil/a",
    `spiffe://prod.test/${"a".repeat(2_048)}`,
  ])("refuses what is no SPIFFE ID: %s", async (id) => {
    await expect(subjectOf(`URI:${id}`)).rejects.toThrow("credentials are not valid");
    await expect(subjectOf("URI:spiffe://prod.test/..a/b.c_d-")).resolves.toBe(
      "spiffe://prod.test/..a/b.c_d-",
    );
  });

  it.each([
    [{ name: "email" }, /name must be spiffe, dns or commonName, got email/],
    [{ name: "toString" }, /got toString/],
    [{ name: "spiffe" }, /trustDomains must be given/],
    [{ name: "dns", trustDomains: ["prod.test"] }, /trustDomains must be given/],
    [{ name: "spiffe", trustDomains: ["spiffe://prod.test"] }, /got spiffe:\/\/prod.test/],
    [{ name: "dns", allowedSubjects: [] }, /allowedSubjects must not be empty/],
  ])("refuses %o", (options, message) => {
    expect(() => createCertificateVerifier(options as CertificateVerifierOptions)).toThrow(message);
  });
});
