import type { PeerCertificate } from "node:tls";
import { unauthenticated } from "./auth-error.ts";
import { toSubjectAltNames } from "./subject-alt-names.ts";
import type { CallVerifier, VerifiedCaller } from "./verified-caller.ts";

export interface CertificateVerifierOptions {
  /**
   * Which name in the certificate is the caller's: the SPIFFE ID, a DNS name, or the common name of its
   * subject.
   */
  readonly name: "spiffe" | "dns" | "commonName";
  /** Trust domains whose SPIFFE IDs count: "prod.example.com". Needed for "spiffe". Default: none. */
  readonly trustDomains?: readonly string[];
  /** The names that may call. Default: any that a trusted authority has signed. */
  readonly allowedSubjects?: readonly string[];
}

const trustDomainName = /^[a-z0-9._-]{1,255}$/;

// https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity
const spiffeId = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.\.?(?:\/|$))[a-zA-Z0-9._-]+)+)$/;
const maxSpiffeIdBytes = 2_048;

/**
 * Makes a verifier that knows a caller by the certificate of its connection, which TLS has verified.
 * What a call says in its metadata does not count. Throws a RangeError or TypeError for options that
 * are none.
 */
export function createCertificateVerifier(options: CertificateVerifierOptions): CallVerifier {
  checkOptions(options);
  const { name, trustDomains = [], allowedSubjects } = options;
  const allowed = allowedSubjects === undefined ? undefined : new Set(allowedSubjects);
  return {
    verifyCall({ wire }) {
      const certificate = wire.getAuthContext().sslPeerCertificate;
      if (certificate === undefined) {
        return undefined;
      }
      const found = namesOf[name](certificate, trustDomains);
      const names = allowed === undefined ? found : found.filter((one) => allowed.has(one));
      const [subject] = names;
      // Among several allowed ones, any is right. Among several others, none is.
      if (subject === undefined || (allowed === undefined && names.length > 1)) {
        const cause = new Error(`the certificate has no ${name} name that counts`);
        throw unauthenticated("TOKEN_INVALID", cause);
      }
      return toCaller(subject, certificate);
    },
  };
}

// TLS has judged the dates of the certificate when the connection was made.
function toCaller(
  subject: string,
  { fingerprint256, serialNumber }: PeerCertificate,
): VerifiedCaller {
  const claims = Object.freeze({ sub: subject, fingerprint256, serialNumber });
  const identity = Object.freeze({ subject, scopes: Object.freeze([]), claims });
  return { identity, expiresAtMs: Number.POSITIVE_INFINITY };
}

type NamesOf = (certificate: PeerCertificate, trustDomains: readonly string[]) => readonly string[];

const namesOf: Readonly<Record<CertificateVerifierOptions["name"], NamesOf>> = {
  // A certificate has one SPIFFE ID and no other URI, or it is none of SPIFFE:
  // https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md#2-spiffe-id
  spiffe(certificate, trustDomains) {
    const [id, ...others] = altNames(certificate, "URI");
    const domain = id === undefined ? undefined : spiffeId.exec(id)?.[1];
    const isGood =
      id !== undefined &&
      id.length <= maxSpiffeIdBytes &&
      others.length === 0 &&
      domain !== undefined &&
      trustDomains.includes(domain);
    return isGood ? [id] : [];
  },
  dns: (certificate) => altNames(certificate, "DNS"),
  commonName({ subject }) {
    // An array if there are several.
    const name: unknown = subject.CN;
    return typeof name === "string" && name !== "" ? [name] : [];
  },
};

function altNames({ subjectaltname = "" }: PeerCertificate, type: string): readonly string[] {
  const names = toSubjectAltNames(subjectaltname) ?? [];
  return names.filter((one) => one.type === type).map(({ value }) => value);
}

function checkOptions({
  name,
  trustDomains = [],
  allowedSubjects,
}: CertificateVerifierOptions): void {
  if (!Object.hasOwn(namesOf, name)) {
    throw new RangeError(`name must be spiffe, dns or commonName, got ${String(name)}`);
  }
  if ((name === "spiffe") !== trustDomains.length > 0) {
    throw new TypeError(`trustDomains must be given with name "spiffe", and with no other`);
  }
  for (const domain of trustDomains) {
    if (!trustDomainName.test(domain)) {
      throw new RangeError(`trustDomains must be names like "prod.example.com", got ${domain}`);
    }
  }
  if (allowedSubjects?.length === 0) {
    throw new RangeError("allowedSubjects must not be empty: nobody could call");
  }
}
