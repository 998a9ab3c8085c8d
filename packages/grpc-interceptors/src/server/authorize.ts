import type { ServerInterceptor, ServiceDefinition } from "@grpc/grpc-js";
import { type Identity, identityKey } from "@grpc-kit/grpc-context";
import { ForbiddenError, UnauthorizedError } from "@grpc-kit/grpc-status";
import { refusePromise } from "../thenable.ts";
import { type AuthorizationRule, AuthorizationRules, type NamedRule } from "./authorize-rules.ts";
import type { CallHook, InterceptedCall } from "./call-hook.ts";
import { serverInterceptor } from "./server-interceptor.ts";

/** Why a call may go on, or may not. */
export type AuthorizationReason =
  | "public"
  | "allowed"
  | "no_rule"
  | "no_identity"
  | "scope_missing"
  | "role_missing"
  | "denied"
  | "failed"
  | "message_denied"
  | "message_failed";

/** What was decided about a call, for the audit log. */
export interface AuthorizationDecision {
  /** "/examples.ItemService/GetItem" */
  readonly method: string;
  /** The subject of the caller's identity; undefined if it has none. */
  readonly principal: string | undefined;
  /** What the rule was given for: "/examples.ItemService/*"; undefined if there is none. */
  readonly rule: string | undefined;
  readonly allowed: boolean;
  /** "denied" and "failed" are about `allow`, "message_denied" and "message_failed" about `allowMessage`. */
  readonly reason: AuthorizationReason;
}

export interface AuthorizeOptions {
  /**
   * By "/package.Service/Method", "/package.Service/*" or "/*"; the most exact one counts, and no other.
   * What no rule is for, nobody may call.
   */
  readonly rules: Readonly<Record<string, AuthorizationRule>>;
  /** The services that are served: each of their methods must have a rule. Default: unsaid. */
  readonly services?: readonly ServiceDefinition[];
  /** The roles of a caller. Default: the strings in its claim `roles`. */
  readonly rolesOf?: (identity: Identity) => readonly string[];
  /** Told of each decision. What it throws refuses the call. Default: nobody is told. */
  readonly onDecision?: (decision: AuthorizationDecision) => void;
}

/**
 * Lets through only calls that a rule allows. It looks at the identity that authentication has found, so
 * it belongs further inside.
 *
 * A call without an identity is UNAUTHENTICATED, one that may not be made PERMISSION_DENIED, with the same
 * answer whatever is missing and whatever exists. That is decided when the headers come, for all kinds
 * alike and before any message is looked at; `allowMessage` then decides about each message.
 */
export function authorize({
  rules,
  services = [],
  rolesOf = rolesInClaims,
  onDecision,
}: AuthorizeOptions): ServerInterceptor {
  const known = new AuthorizationRules(rules, services);
  return serverInterceptor((call) =>
    new Authorization(call, known.of(call.method), rolesOf, onDecision).enter(),
  );
}

class Authorization implements CallHook {
  readonly #call: InterceptedCall;
  readonly #identity: Identity | undefined;
  readonly #named: NamedRule | undefined;
  readonly #rolesOf: (identity: Identity) => readonly string[];
  readonly #onDecision: ((decision: AuthorizationDecision) => void) | undefined;

  constructor(
    call: InterceptedCall,
    named: NamedRule | undefined,
    rolesOf: (identity: Identity) => readonly string[],
    onDecision: ((decision: AuthorizationDecision) => void) | undefined,
  ) {
    this.#call = call;
    this.#identity = call.values.get(identityKey);
    this.#named = named;
    this.#rolesOf = rolesOf;
    this.#onDecision = onDecision;
  }

  enter(): CallHook | undefined | Promise<CallHook | undefined> {
    const [identity, rule] = [this.#identity, this.#named?.rule];
    if (rule?.public === true) {
      return this.#admit("public");
    }
    if (identity === undefined) {
      return this.#deny("no_identity");
    }
    if (rule === undefined) {
      return this.#deny("no_rule");
    }
    const { scopes = [], anyScope, anyRole, allow } = rule;
    if (!scopes.every(isIn(identity.scopes)) || anyScope?.some(isIn(identity.scopes)) === false) {
      return this.#deny("scope_missing");
    }
    if (anyRole?.some(isIn(this.#rolesOf(identity))) === false) {
      return this.#deny("role_missing");
    }
    return allow === undefined ? this.#admit("allowed") : this.#ask(allow, identity);
  }

  onMessage(message: unknown): void {
    const [allowMessage, identity] = [this.#named?.rule.allowMessage, this.#identity];
    if (allowMessage === undefined || identity === undefined) {
      return;
    }
    let allowed: boolean;
    try {
      allowed = allowMessage(message, this.#call, identity);
      refusePromise("allowMessage", allowed);
    } catch (error) {
      this.#tell("message_failed");
      throw error;
    }
    if (allowed !== true) {
      this.#deny("message_denied");
    }
  }

  #ask(
    allow: NonNullable<AuthorizationRule["allow"]>,
    identity: Identity,
  ): CallHook | undefined | Promise<CallHook | undefined> {
    let answer: boolean | Promise<boolean>;
    try {
      answer = allow(this.#call, identity);
    } catch (error) {
      this.#tell("failed");
      throw error;
    }
    return answer instanceof Promise ? this.#answerLater(answer) : this.#answer(answer);
  }

  async #answerLater(answering: Promise<boolean>): Promise<CallHook | undefined> {
    let answer: boolean;
    try {
      answer = await answering;
    } catch (error) {
      this.#tell("failed");
      throw error;
    }
    return this.#answer(answer);
  }

  // Whatever is not exactly true is a no: a predicate may have forgotten to return, or to wait.
  #answer(answer: boolean): CallHook | undefined {
    return answer === true ? this.#admit("allowed") : this.#deny("denied");
  }

  #admit(reason: "public" | "allowed"): CallHook | undefined {
    this.#tell(reason);
    return this.#named?.rule.allowMessage === undefined ? undefined : this;
  }

  // One answer for all: what is missing, or what there is, is nothing for who may not have it.
  #deny(reason: AuthorizationReason): never {
    this.#tell(reason);
    throw this.#identity === undefined
      ? new UnauthorizedError("the call needs credentials", { reason: "UNAUTHENTICATED" })
      : new ForbiddenError("permission denied", { reason: "PERMISSION_DENIED" });
  }

  #tell(reason: AuthorizationReason): void {
    const returned: unknown = this.#onDecision?.({
      method: this.#call.method.path,
      principal: this.#identity?.subject,
      rule: this.#named?.pattern,
      allowed: reason === "public" || reason === "allowed",
      reason,
    });
    refusePromise("onDecision", returned);
  }
}

function isIn(names: readonly string[]): (name: string) => boolean {
  return (name) => names.includes(name);
}

function rolesInClaims({ claims }: Identity): readonly string[] {
  const { roles } = claims;
  return Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [];
}
