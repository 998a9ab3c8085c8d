import { createSign, generateKeyPairSync } from "node:crypto";
import { CompactEncrypt, CompactSign, exportJWK } from "jose";
import { claims, encode, forge, nowSeconds, pemOf, rsa, sign } from "./auth-tokens.ts";

export interface Forgery {
  /** The row of the attack: "D1". */
  readonly row: string;
  readonly name: string;
  readonly token: string;
}

type Named = readonly (readonly [name: string, token: string])[];

/** Tokens that no verifier of `rsa` may accept, and no few of which other verifiers have. */
export async function forgeries(): Promise<readonly Forgery[]> {
  const valid = await sign();
  const rows: Readonly<Record<string, Named>> = {
    D1: unsigned(valid),
    D2: confused(),
    D5: await unlimited(),
    D6: await misdirected(),
    D7: [...malformed(valid), ...(await wrapped(valid))],
    D8: await pointing(),
  };
  return Object.entries(rows).flatMap(([row, named]) =>
    named.map(([name, token]) => ({ row, name, token })),
  );
}

function unsigned(valid: string): Named {
  const [header, payload, signature] = valid.split(".") as [string, string, string];
  const spellings = ["none", "None", "NONE", "nOnE", "none ", "", "RS256\0", "rs256"];
  return [
    ...spellings.flatMap((alg): Named => {
      const unsignedHeader = encode({ alg });
      return [
        [`alg ${JSON.stringify(alg)}, no signature`, `${unsignedHeader}.${payload}.`],
        [`alg ${JSON.stringify(alg)}, a signature`, `${unsignedHeader}.${payload}.${signature}`],
        [`alg ${JSON.stringify(alg)}, signed`, forge({ alg }, claims())],
      ];
    }),
    ["stripped signature", `${header}.${payload}.`],
    ["no third part", `${header}.${payload}`],
    ["no alg", forge({}, claims())],
    ["alg is a list", forge({ alg: ["RS256"] }, claims())],
    ["alg is an object", forge({ alg: { toString: "RS256" } }, claims())],
  ];
}

function confused(): Named {
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

async function unlimited(): Promise<Named> {
  const expiries = [undefined, null, "9999999999", 1e308, 253_402_300_800, -1, 0, [], {}, true];
  const times = expiries.map(
    async (exp): Promise<readonly [string, string]> => [
      `exp ${JSON.stringify(exp)}`,
      forge({ alg: "RS256" }, claims({ exp })),
    ],
  );
  const raw = JSON.stringify(claims({ exp: 0 }));
  return [
    ...(await Promise.all(times)),
    ["exp 1e999", forge({ alg: "RS256" }, raw.replace('"exp":0', '"exp":1e999'))],
    ["expired", forge({ alg: "RS256" }, claims({ exp: nowSeconds() - 60 }))],
    ["not yet valid", forge({ alg: "RS256" }, claims({ nbf: nowSeconds() + 60 }))],
    ["nbf no number", forge({ alg: "RS256" }, claims({ nbf: "0" }))],
    ["issued in the future", forge({ alg: "RS256" }, claims({ iat: nowSeconds() + 60 }))],
    ["iat no number", forge({ alg: "RS256" }, claims({ iat: "0" }))],
  ];
}

async function misdirected(): Promise<Named> {
  const wrong = {
    iss: [
      undefined,
      null,
      "",
      "https://issuer.test/",
      "HTTPS://ISSUER.TEST",
      ["https://issuer.test"],
      1,
    ],
    aud: [
      undefined,
      null,
      "",
      "other",
      "Items",
      "items ",
      [],
      ["other"],
      [["items"]],
      { items: 1 },
    ],
    sub: [undefined, null, "", 7, ["ada"], {}, true],
  };
  return Object.entries(wrong).flatMap(([claim, values]) =>
    values.map((value): readonly [string, string] => [
      `${claim} ${JSON.stringify(value)}`,
      forge({ alg: "RS256" }, claims({ [claim]: value })),
    ]),
  );
}

function malformed(valid: string): Named {
  const [header, payload, signature] = valid.split(".") as [string, string, string];
  const other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // 256 bytes leave four bits of the last character without a meaning.
  const twin = other[other.indexOf(signature.at(-1) as string) + 1];
  const alg = "RS256";
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

async function wrapped(valid: string): Promise<Named> {
  const jwe = new CompactEncrypt(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({
    alg: "RSA-OAEP",
    enc: "A256GCM",
  });
  const nested = new CompactSign(Buffer.from(valid)).setProtectedHeader({
    alg: "RS256",
    cty: "JWT",
  });
  const raw = JSON.stringify(claims());
  const b64 = encode({ alg: "RS256", b64: false, crit: ["b64"] });
  const unencoded = createSign("sha256").update(`${b64}.${raw}`).sign(rsa.privateKey, "base64url");
  const ecHeader = encode({ alg: "ES256" });
  return [
    ["a JWE", await jwe.encrypt(rsa.publicKey)],
    ["a token in a token", await nested.sign(rsa.privateKey)],
    ["b64 false", `${b64}.${raw}.${unencoded}`],
    ["b64 false, encoded", forge({ alg: "RS256", b64: false, crit: ["b64"] }, claims())],
    ["a psychic signature", `${ecHeader}.${encode(claims())}.${"A".repeat(86)}`],
  ];
}

async function pointing(): Promise<Named> {
  const evil = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = await exportJWK(evil.publicKey);
  const signed = (header: object): Promise<string> =>
    sign(claims(), { key: evil.privateKey, header: { ...header } });
  return [
    ["a key of its own", await signed({ jwk })],
    ["a certificate of its own", await signed({ x5c: ["AAAA"] })],
    ["jku", await signed({ jku: "http://127.0.0.1:9/jwks" })],
    ["x5u", await signed({ x5u: "http://127.0.0.1:9/x5u" })],
    ["another's key", await signed({})],
    ...(await Promise.all(
      ["../../dev/null", "' OR 1=1 --", "/dev/null", "\0", "k".repeat(5_000), "__proto__"].map(
        async (kid): Promise<readonly [string, string]> => [
          `kid ${kid.slice(0, 20)}`,
          await signed({ kid }),
        ],
      ),
    )),
  ];
}
