import { connectivityState, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  HealthCheckResponse_ServingStatus,
  HealthClient,
} from "@grpc-kit/generated-protos/grpc/health/v1";
import { type ProbeOptions, parseProbeOptions, usageOf } from "./probe-options.ts";

// Those of grpc-health-probe: https://github.com/grpc-ecosystem/grpc-health-probe
const exitCodes = { serving: 0, wrongArguments: 1, noConnection: 2, failedCall: 3, notServing: 4 };

interface Verdict {
  readonly exitCode: number;
  readonly line: string;
}

function probe(options: ProbeOptions): Promise<Verdict> {
  const { address, service, timeoutMs, channelCredentials, clientOptions } = options;
  const deadline = Date.now() + timeoutMs;
  const client = new HealthClient(address, channelCredentials, clientOptions);
  return new Promise((resolve) => {
    client.check({ service }, new Metadata(), { deadline }, (error, response) => {
      const isConnected =
        client.getChannel().getConnectivityState(false) === connectivityState.READY;
      client.close();
      resolve(
        error === null
          ? judgeStatus(options, response.status)
          : judgeError(options, error, isConnected),
      );
    });
  });
}

function judgeStatus({ address, service }: ProbeOptions, answer: number): Verdict {
  const name = Object.entries(HealthCheckResponse_ServingStatus).find(
    ([, value]) => value === answer,
  )?.[0];
  const isServing = answer === HealthCheckResponse_ServingStatus.SERVING;
  return {
    exitCode: isServing ? exitCodes.serving : exitCodes.notServing,
    line: `${address} ${show(service)}: ${name ?? answer}`,
  };
}

function judgeError(
  { address, service, timeoutMs }: ProbeOptions,
  { code, details }: ServiceError,
  isConnected: boolean,
): Verdict {
  if (!isConnected) {
    const reason = details.replace(/\.? Resolution note: $/, "");
    const advice = "Is a server listening there, and are --tls and --server-name right for it?";
    return {
      exitCode: exitCodes.noConnection,
      line: `cannot connect to ${address} within ${timeoutMs} ms: ${reason}. ${advice}`,
    };
  }
  return {
    exitCode: exitCodes.failedCall,
    line: `${address} ${show(service)}: ${status[code]}: ${details}. ${adviceFor(code)}`,
  };
}

function adviceFor(code: status): string {
  switch (code) {
    case status.NOT_FOUND:
      return "The server knows no service of this name: correct it, or add it to the server's health.";
    case status.UNIMPLEMENTED:
      return "The server has no grpc.health.v1.Health: add it.";
    case status.DEADLINE_EXCEEDED:
      return "The server did not answer in time: see whether it is overloaded, or raise --timeout-ms.";
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return "Exempt /grpc.health.v1.Health/Check from authentication.";
    default:
      return "See the server's log.";
  }
}

function show(service: string): string {
  return service === "" ? "(whole server)" : service;
}

/** How the probe is called. */
export interface ProbeCommand {
  /** The words that it is called by. Default: "grpc-health". */
  readonly command?: string;
  /** Whom to ask if the arguments name nobody. Default: they must. */
  readonly defaultAddress?: string;
}

/**
 * The command `grpc-health` with these arguments, for the command line of a program that has a probe
 * of its own: prints the one line, and settles with the exit code.
 */
export async function runProbe(
  args: readonly string[],
  { command = "grpc-health", defaultAddress }: ProbeCommand = {},
): Promise<number> {
  const { exitCode, line } = await judge(args, command, defaultAddress);
  const isAnswer = exitCode === exitCodes.serving || exitCode === exitCodes.notServing;
  (isAnswer ? process.stdout : process.stderr).write(`${line}\n`);
  return exitCode;
}

async function judge(
  args: readonly string[],
  command: string,
  defaultAddress: string | undefined,
): Promise<Verdict> {
  let options: ProbeOptions | "help";
  try {
    options = parseProbeOptions(args, defaultAddress);
  } catch (error) {
    const line = `${(error as Error).message}\nSee ${command} --help.`;
    return { exitCode: exitCodes.wrongArguments, line };
  }
  return options === "help"
    ? { exitCode: exitCodes.serving, line: usageOf(command, defaultAddress).trimEnd() }
    : probe(options);
}
