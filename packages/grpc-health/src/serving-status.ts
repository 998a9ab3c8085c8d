/** What a service can be set to. UNKNOWN: it is there, and whether it can serve is not known yet. */
export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING";

/** What a watcher can be told: SERVICE_UNKNOWN while there is no service of the name. */
export type WatchedStatus = ServingStatus | "SERVICE_UNKNOWN";

/** The protocol's name of the whole server. */
export const wholeServer = "";

/** The service to ask whether the process works. It depends on nothing, and a drain leaves it as it is. */
export const livenessService = "liveness";

/** The service to ask whether calls may be sent here. The same as the whole server. */
export const readinessService = "readiness";

/** The service to ask whether the server has been ready once. */
export const startupService = "startup";
