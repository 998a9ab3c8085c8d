import {
  constants,
  createCipheriv,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { encode, nowSeconds, pemOf, type TokenForge } from "./token-forge.ts";

export interface Forgery {
  /** The row of the attack: "D1". */
  readonly row: string;
  readonly name: string;
  readonly token: string;
}

type Named = readonly (readonly [name: string, token: string])[];

const alg = "RS256";

/**
 * Tokens that no verifier of the forge's public key may accept, and no few of which other verifiers have.
 * Some point to `elsewhere`, where nobody may look: an URL.
 */
export function forgeries(
  tokens: TokenForge,
  elsewhere = "http://127.0.0.1:9",
): readonly Forgery[] {
  const valid = tokens.forge({ alg }, tokens.claims());
  const rows: Readonly<Record<string, Named>> = {
    D1: unsigned(tokens, valid),
    D2: confused(tokens),
    D5: unlimited(tokens),
    D6: misdirected(tokens),
    D7: [...malformed(tokens, valid), ...wrapped(tokens, valid)],
    D8: pointing(tokens, elsewhere),
  };
  return Object.entries(rows).flatMap(([row, named]) =>
    named.map(([name, token]) => ({ row, name, token })),
  );
}

function unsigned({ claims, forge }: TokenForge, valid: string): Named {
  const [header, payload, signature] = valid.split(".") as [string, string, string];
  const spellings = ["none", "None", "NONE", "nOnE", "none ", "", "RS256\0", "rs256"];
  return [
    ...spellings.flatMap((spelling): Named => {
      const unsignedHeader = encode({ alg: spelling });
      return [
        [`alg ${JSON.stringify(spelling)}, no signature`, `${unsignedHeader}.${payload}.`],
        [
          `alg ${JSON.stringify(spelling)}, a signature`,
          `${unsignedHeader}.${payload}.${signature}`,
        ],
        [`alg ${JSON.stringify(spelling)}, signed`, forge({ alg: spelling }, claims())],
      ];
    }),
    ["stripped signature", `${header}.${payload}.`],
    ["no third part", `${header}.${payload}`],
    ["no alg", forge({}, claims())],
    ["alg is a list", forge({ alg: ["RS256"] }, claims())],
    ["alg is an object", forge({ alg: { toString: "RS256" } }, claims())],
  ];
}

function confused({ claims, forge, rsa }: TokenForge): Named {
  const pem = pemOf(rsa.publicKey);
  const der = rsa.publicKey.export({ type: "spki", format: "der" });
  const jwk = JSON.stringify(rsa.publicKey.export({ format: "jwk" }));
  return (
    [
      ["PEM", pem],
      ["trimmed PEM", pem.trim()],
      ["PKCS #1", String(rsa.publicKey.export({ type: "pkcs1", format: "pem" }))],
      ["DER", der],
      ["JWK", jwk],
      ["nothing", ""],
    ] as const
  ).map(([name, secret]) => [
    `HS256 with the public key, ${name}`,
    forge({ alg: "HS256" }, claims(), secret),
  ]);
}

function unlimited({ claims, forge }: TokenForge): Named {
  const expiries = [undefined, null, "9999999999", 1e308, 253_402_300_800, -1, 0, [], {}, true];
  const times = expiries.map((exp): readonly [string, string] => [
    `exp ${JSON.stringify(exp)}`,
    forge({ alg }, claims({ exp })),
  ]);
  const raw = JSON.stringify(claims({ exp: 0 }));
  return [
    ...times,
    ["exp 1e999", forge({ alg }, raw.replace('"exp":0', '"exp":1e999'))],
    ["expired", forge({ alg }, claims({ exp: nowSeconds() - 60 }))],
    ["not yet valid", forge({ alg }, claims({ nbf: nowSeconds() + 60 }))],
    ["nbf no number", forge({ alg }, claims({ nbf: "0" }))],
    ["issued in the future", forge({ alg }, claims({ iat: nowSeconds() + 60 }))],
    ["iat no number", forge({ alg }, claims({ iat: "0" }))],
  ];
}

function misdirected({ claims, forge, issuer, audience }: TokenForge): Named {
  const wrong = {
    iss: [undefined, null, "", `${issuer}/`, issuer.toUpperCase(), [issuer], 1],
    aud: [
      undefined,
      null,
      "",
      "other",
      audience.toUpperCase(),
      `${audience} `,
      [],
      ["other"],
      [[audience]],
      { [audience]: 1 },
    ],
    sub: [undefined, null, "", 7, ["ada"], {}, true],
  };
  return Object.entries(wrong).flatMap(([claim, values]) =>
    values.map((value): readonly [string, string] => [
      `${claim} ${JSON.stringify(value)}`,
      forge({ alg }, claims({ [claim]: value })),
    ]),
  );
}

function malformed({ claims, forge }: TokenForge, valid: string): Named {
  const [header, payload, signature] = valid.split(".") as [string, string, string];
  const other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // 256 bytes leave four bits of the last character without a meaning.
  const twin = other[other.indexOf(signature.at(-1) as string) + 1];
  return [
    ["nothing", ""],
    ["two dots", ".."],
    ["one part", payload],
    ["four parts", `${valid}.${signature}`],
    ["five parts", `${valid}.${payload}.${signature}`],
    ["NUL at the end", `${valid}\0`],
    ["a new line at the end", `${valid}\n`],
    ["padding", `${valid}==`],
    ["base64, not base64url", `${header}.${payload}.${signature.replaceAll("-", "+")}+/`],
    ["a space within", `${header}. ${payload}.${signature}`],
    ["the same signature in other letters", `${valid.slice(0, -1)}${twin}`],
    ["half a signature", `${header}.${payload}.${signature.slice(0, 171)}`],
    ["a signature of zeros", `${header}.${payload}.${"A".repeat(signature.length)}`],
    ["too long", forge({ alg }, claims({ pad: "x".repeat(9_000) }))],
    ["NUL in the payload", forge({ alg }, `${JSON.stringify(claims())}\0`)],
    ["an array", forge({ alg }, [claims()])],
    ["a string", forge({ alg }, JSON.stringify("claims"))],
    ["null", forge({ alg }, "null")],
    ["no JSON", forge({ alg }, "{")],
    [
      "broken UTF-8",
      `${encode({ alg })}.${Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url")}.AA`,
    ],
    ["deep JSON", forge({ alg }, "[".repeat(5_000))],
    ["header null", forge("null", claims())],
    ["header an array", forge([{ alg }], claims())],
    ["header no JSON", forge("{", claims())],
    ["crit of what nobody knows", forge({ alg, crit: ["x"], x: 1 }, claims())],
    ["crit empty", forge({ alg, crit: [] }, claims())],
    ["crit no list", forge({ alg, crit: "exp" }, claims())],
    ["crit of exp", forge({ alg, crit: ["exp"], exp: 1 }, claims())],
  ];
}

function wrapped({ claims, forge, rsa }: TokenForge, valid: string): Named {
  const raw = JSON.stringify(claims());
  const b64 = encode({ alg, b64: false, crit: ["b64"] });
  const unencoded = createSign("sha256").update(`${b64}.${raw}`).sign(rsa.privateKey, "base64url");
  const psychic = `${encode({ alg: "ES256" })}.${encode(claims())}.${"A".repeat(86)}`;
  return [
    ["a JWE", encrypted(raw, rsa.publicKey)],
    ["a token in a token", forge({ alg, cty: "JWT" }, valid)],
    ["b64 false", `${b64}.${raw}.${unencoded}`],
    ["b64 false, encoded", forge({ alg, b64: false, crit: ["b64"] }, claims())],
    ["a psychic signature", psychic],
  ];
}

/** A JWE: https://www.rfc-editor.org/rfc/rfc7516#section-5.1 */
function encrypted(text: string, key: KeyObject): string {
  const [contentKey, nonce] = [randomBytes(32), randomBytes(12)];
  const header = encode({ alg: "RSA-OAEP", enc: "A256GCM" });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const cipher = createCipheriv("aes-256-gcm", contentKey, nonce).setAAD(Buffer.from(header));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const parts = [publicEncrypt({ key, padding }, contentKey), nonce, sealed, cipher.getAuthTag()];
  return [header, ...parts.map((part) => part.toString("base64url"))].join(".");
}

function pointing(tokens: TokenForge, elsewhere: string): Named {
  const evil = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signed = (header: object): string => {
    const input = `${encode({ alg, ...header })}.${encode(tokens.claims())}`;
    return `${input}.${createSign("sha256").update(input).sign(evil.privateKey, "base64url")}`;
  };
  const kids = ["../../dev/null", "' OR 1=1 --", "/dev/null", "\0", "k".repeat(5_000), "__proto__"];
  return [
    ["a key of its own", signed({ jwk: evil.publicKey.export({ format: "jwk" }) })],
    ["a certificate of its own", signed({ x5c: ["AAAA"] })],
    ["jku", signed({ jku: `${elsewhere}/jku` })],
    ["x5u", signed({ x5u: `${elsewhere}/x5u` })],
    ["another's key", signed({})],
    ...kids.map((kid) => [`kid ${kid.slice(0, 20)}`, signed({ kid })] as const),
  ];
}
