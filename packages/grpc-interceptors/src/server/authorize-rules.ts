import type { ServiceDefinition } from "@grpc/grpc-js";
import type { Identity } from "@grpc-kit/grpc-context";
import { type Method, toMethod } from "../method.ts";
import { methodPattern } from "../method-match.ts";
import type { InterceptedCall } from "./call-hook.ts";

/**
 * Who may call a method. All that a rule names must hold; one that names nothing asks for no more than an
 * identity.
 */
export interface AuthorizationRule {
  /** Everyone may, without an identity as well. Goes with nothing else. */
  readonly public?: true;
  /** The caller needs each of these scopes. */
  readonly scopes?: readonly string[];
  /** The caller needs one of these scopes. */
  readonly anyScope?: readonly string[];
  /** The caller needs one of these roles. */
  readonly anyRole?: readonly string[];
  /** Must say true. What it throws, or rejects with, ends the call. */
  readonly allow?: (call: InterceptedCall, identity: Identity) => boolean | Promise<boolean>;
  /** Must say true of each message from the caller, those of a stream as well. What it throws ends the call. */
  readonly allowMessage?: (message: unknown, call: InterceptedCall, identity: Identity) => boolean;
}

/** A rule and the pattern that it was given for. */
export interface NamedRule {
  readonly pattern: string;
  readonly rule: AuthorizationRule;
}

/**
 * The rules by what they are for. Throws a TypeError for a rule that could be taken for something else
 * than what it is, for a method of the services that has none, and for a rule for no method of theirs.
 */
export class AuthorizationRules {
  readonly #rules = new Map<string, NamedRule>();

  constructor(
    rules: Readonly<Record<string, AuthorizationRule>>,
    services: readonly ServiceDefinition[],
  ) {
    for (const [pattern, rule] of Object.entries(rules)) {
      checkRule(pattern, rule);
      this.#rules.set(pattern, { pattern, rule });
    }
    if (services.length > 0) {
      this.#checkServices(services);
    }
  }

  /** That of the method itself, or else of its service, or else of all. */
  of({ path, service }: Pick<Method, "path" | "service">): NamedRule | undefined {
    return this.#rules.get(path) ?? this.#rules.get(`/${service}/*`) ?? this.#rules.get("/*");
  }

  #checkServices(services: readonly ServiceDefinition[]): void {
    const methods = services.flatMap((service) => Object.values(service)).map(toMethod);
    const missing = methods.filter((method) => this.of(method) === undefined);
    if (missing.length > 0) {
      const paths = missing.map(({ path }) => path).join(", ");
      throw new TypeError(`rules must have one for each method, got none for ${paths}`);
    }
    const used = new Set(methods.map((method) => this.of(method)?.pattern));
    const unused = [...this.#rules.keys()].filter((pattern) => !used.has(pattern));
    if (unused.length > 0) {
      throw new TypeError(`rules must be for methods of the services, got ${unused.join(", ")}`);
    }
  }
}

const lists = ["scopes", "anyScope", "anyRole"] as const;
const predicates = ["allow", "allowMessage"] as const;

// What is misspelt would be asked of nobody, and what is empty may be taken for all or for nothing.
function checkRule(pattern: string, rule: AuthorizationRule): void {
  if (!methodPattern.test(pattern)) {
    throw new TypeError(
      `rules must be for "/package.Service/Method", "/package.Service/*" or "/*", got "${pattern}"`,
    );
  }
  const name = `rules["${pattern}"]`;
  const keys = Object.keys(rule);
  for (const key of keys) {
    if (!["public", ...lists, ...predicates].includes(key)) {
      throw new TypeError(`${name} must be made of what a rule may have, got ${key}`);
    }
  }
  if ("public" in rule && (rule.public !== true || keys.length > 1)) {
    throw new TypeError(`${name}.public must be true, and alone, got ${keys.join(", ")}`);
  }
  for (const key of lists) {
    const names = rule[key];
    if (key in rule && !(Array.isArray(names) && names.length > 0 && names.every(isName))) {
      throw new TypeError(
        `${name}.${key} must be names, one or more, got ${JSON.stringify(names)}`,
      );
    }
  }
  for (const key of predicates) {
    if (key in rule && typeof rule[key] !== "function") {
      throw new TypeError(`${name}.${key} must be a function, got ${String(rule[key])}`);
    }
  }
}

function isName(name: unknown): boolean {
  return typeof name === "string" && name !== "";
}
