import type { Server } from "@grpc/grpc-js";
import { HealthReportServiceService } from "@grpc-kit/generated-protos/common/health";
import { HealthService } from "@grpc-kit/generated-protos/grpc/health/v1";
import { createDependency } from "./dependency.ts";
import { toServerStream, toUnary } from "./grpc-js-handlers.ts";
import { createHealthHandlers, type HealthHandlers } from "./health-handlers.ts";
import {
  checkServiceName,
  checkServices,
  checkServingStatus,
  type HealthOptions,
} from "./health-options.ts";
import { createHealthRegistry } from "./health-registry.ts";
import { createReportHandlers, type HealthReportHandlers } from "./health-report.ts";
import { createRollUp } from "./roll-up.ts";
import type { ServingStatus, WatchedStatus } from "./serving-status.ts";
import { guard } from "./status-change.ts";

/** The health of a server: what it says of itself, and the checks that this comes from. */
export interface Health extends AsyncDisposable {
  /** For `addService(HealthService, health.handlers)` of grpc-server. */
  readonly handlers: HealthHandlers;
  /** For `addService(HealthReportServiceService, health.reportHandlers)`, behind authentication. */
  readonly reportHandlers: HealthReportHandlers;
  /** How many Watch streams are open. */
  readonly watcherCount: number;
  /** Adds grpc.health.v1.Health to a bare grpc-js server. */
  addTo(server: Server): void;
  /** Adds common.HealthReportService to a bare grpc-js server, which must authenticate its callers. */
  addReportTo(server: Server): void;
  /** Runs every check, now and on its schedule. Settles when each has ended or run out of time once. */
  start(): Promise<void>;
  /** Ends the schedule and aborts running checks. Statuses stay as they are. */
  stop(): void;
  /** SERVICE_UNKNOWN if there is no such service. */
  getStatus(service: string): WatchedStatus;
  /** Adds a service, or sets the status of one, over what its dependencies say. */
  setStatus(service: string, status: ServingStatus): void;
  /** Takes back what was set: the service follows its dependencies again, or is gone. */
  clearStatus(service: string): void;
  /** Shows every service but "liveness" as NOT_SERVING, whatever is set or found, and ends watches. */
  shutdown(): void;
  /** Takes back a shutdown. */
  resume(): void;
}

/**
 * Makes the standard health service, driven by checks of what the server needs.
 *
 * Checks run on a schedule of their own, never for a caller. Until `start`, the server is NOT_SERVING.
 */
export function createHealthService({
  dependencyChecks = {},
  services = {},
  onStatusChange = () => {},
}: HealthOptions = {}): Health {
  if (typeof onStatusChange !== "function") {
    throw new TypeError(`onStatusChange must be a function, got ${onStatusChange}`);
  }
  const notify = guard(onStatusChange);
  const dependencies = Object.entries(dependencyChecks).map(([name, check]) =>
    createDependency(name, check, (_name, from, to, error) => {
      notify({ kind: "dependency", name, from, to, error });
      refreshAll();
    }),
  );
  checkServices(services, new Set(Object.keys(dependencyChecks)));
  const { rules, open } = createRollUp(dependencies, services);
  const registry = createHealthRegistry(
    Array.from(rules, ([service, rule]) => [service, rule()]),
    (name, from, to) => notify({ kind: "service", name, from, to }),
  );
  const setByHand = new Map<string, ServingStatus>();
  const handlers = createHealthHandlers(registry);
  const reportHandlers = createReportHandlers(dependencies);
  let starting: Promise<unknown> | undefined;

  function refresh(service: string): void {
    registry.set(service, setByHand.get(service) ?? rules.get(service)?.() ?? "SERVICE_UNKNOWN");
  }

  function refreshAll(): void {
    for (const service of rules.keys()) {
      refresh(service);
    }
  }

  function stop(): void {
    starting = undefined;
    for (const dependency of dependencies) {
      dependency.stop();
    }
  }

  return {
    handlers,
    reportHandlers,
    get watcherCount() {
      return registry.watcherCount;
    },
    addTo(server) {
      const domain = "grpc.health.v1.Health";
      server.addService(HealthService, {
        check: toUnary(handlers.check, domain),
        watch: toServerStream(handlers.watch, domain),
        list: toUnary(handlers.list, domain),
      });
    },
    addReportTo(server) {
      server.addService(HealthReportServiceService, {
        getHealthReport: toUnary(reportHandlers.getHealthReport, "common.HealthReportService"),
      });
    },
    async start() {
      if (starting === undefined) {
        open();
        refreshAll();
        starting = Promise.all(dependencies.map((dependency) => dependency.start()));
      }
      await starting;
    },
    stop,
    getStatus: registry.get,
    setStatus(service, status) {
      checkServiceName(service);
      checkServingStatus(status);
      setByHand.set(service, status);
      refresh(service);
    },
    clearStatus(service) {
      setByHand.delete(service);
      refresh(service);
    },
    shutdown: registry.drain,
    resume: registry.resume,
    async [Symbol.asyncDispose]() {
      registry.drain();
      stop();
    },
  };
}
