import type { status } from "@grpc/grpc-js";
import type { Logger } from "@grpc-kit/grpc-context";
import { statusCodeInfo } from "@grpc-kit/grpc-status";
import { isLevelEnabled, type LeveledLogger, writeLine } from "../log-line.ts";
import type { Method } from "../method.ts";
import type { CallOutcome, InterceptedCall } from "./call-hook.ts";
import type { CallLevels, LoggedMethod } from "./log-levels.ts";
import { childLogger } from "./logging-child.ts";
import { callFields, type LogFields, methodFields, outcomeFields } from "./logging-fields.ts";

/** Takes the lines of a method's calls that end with one code. */
interface EndLog extends CallLevels {
  readonly logger: Logger;
}

/** Takes the lines of a method's calls. */
interface MethodLog {
  readonly logger: Logger;
  readonly ends: EndLog[];
}

/** Writes the lines of calls, by loggers that know already what all calls of a method have in common. */
export class CallLog {
  readonly logger: LeveledLogger;
  readonly #slowMs: number;
  readonly #levelsOf: (code: status, method: LoggedMethod) => CallLevels;
  readonly #methods = new Map<string, MethodLog>();
  #level: unknown;

  constructor(
    logger: LeveledLogger,
    slowMs: number,
    levelsOf: (code: status, method: LoggedMethod) => CallLevels,
  ) {
    this.logger = logger;
    this.#slowMs = slowMs;
    this.#levelsOf = levelsOf;
  }

  writeEnd(call: InterceptedCall, outcome: CallOutcome): void {
    const { method } = call;
    const end = this.#endLogOf(method, outcome.code);
    const isSlow = method.kind === "unary" && outcome.durationMs >= this.#slowMs;
    const level = isSlow ? end.slowLevel : end.level;
    if (isLevelEnabled(this.logger, level)) {
      writeLine(end.logger, level, outcomeFields(call, outcome), "finished call");
    }
  }

  /** At "debug", which the logger is to be asked about first. */
  writeEvent(call: InterceptedCall, message: string, fields?: LogFields): void {
    const { logger } = this.#methodLogOf(call.method);
    writeLine(logger, "debug", { ...callFields(call), ...fields }, message);
  }

  #endLogOf(method: Method, code: status): EndLog {
    const { ends } = this.#methodLogOf(method);
    const known = ends[code];
    if (known !== undefined) {
      return known;
    }
    const info = statusCodeInfo(code);
    const fields = { ...methodFields(method), "grpc.code": info.name };
    const made = {
      ...this.#levelsOf(code, method),
      logger: childLogger(this.logger, fields),
    };
    // A handler may make up as many codes as it likes.
    if (info.code === code) {
      ends[code] = made;
    }
    return made;
  }

  #methodLogOf(method: Method): MethodLog {
    // A child may keep the level that its parent had when it was made, as those of older pinos do.
    const { level } = this.logger as { readonly level?: unknown };
    if (level !== this.#level) {
      this.#level = level;
      this.#methods.clear();
    }
    let log = this.#methods.get(method.path);
    if (log === undefined) {
      log = { logger: childLogger(this.logger, methodFields(method)), ends: [] };
      this.#methods.set(method.path, log);
    }
    return log;
  }
}
