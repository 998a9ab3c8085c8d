import type { Row } from "../../row.ts";
import { authorizationHeader } from "./authorization-header.ts";
import { claimedCertificates } from "./claimed-certificates.ts";
import { exactTimes } from "./exact-times.ts";
import { expiredStream } from "./expired-stream.ts";
import { confused, misdirected, unlimited, unsigned } from "./forged-tokens.ts";
import { issuerFaults } from "./issuer-faults.ts";
import { issuerDown, pointingTokens, unknownKeys } from "./issuer-keys.ts";
import { keyRotation } from "./key-rotation.ts";
import { methodPaths } from "./method-paths.ts";
import { methodRights } from "./method-rights.ts";
import { mutatedTokens } from "./mutated-tokens.ts";
import { refusalCost } from "./refusal-cost.ts";
import { tokenLeaks } from "./token-leaks.ts";
import { twoIdentities } from "./two-identities.ts";
import { weakKeys } from "./weak-keys.ts";

/** Who calls, and what they may. */
export const rowsD: readonly Row[] = [
  unsigned,
  confused,
  weakKeys,
  exactTimes,
  unlimited,
  misdirected,
  mutatedTokens,
  pointingTokens,
  issuerFaults,
  unknownKeys,
  issuerDown,
  keyRotation,
  authorizationHeader,
  tokenLeaks,
  refusalCost,
  methodPaths,
  expiredStream,
  methodRights,
  twoIdentities,
  claimedCertificates,
];
