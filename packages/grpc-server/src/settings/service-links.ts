// Kubernetes tells each container of each Service in its namespace, in variables named after the
// Service; one called "grpc-server" or "grpc-server-…" gets names that begin as ours do.
// https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables

const linkNames = [
  /(^|_)SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/,
  /(^|_)PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/,
];
const linkValue = /^(tcp|udp|sctp):\/\//;

/** Whether Kubernetes sets a variable, whose name begins with `prefix`, for a Service. */
export function isServiceLink(name: string, value: string, prefix: string): boolean {
  const rest = name.slice(prefix.length);
  return (
    linkNames.some((pattern) => pattern.test(rest)) || serviceOfLink(name, value) !== undefined
  );
}

/** The Service for which Kubernetes sets a variable like `GRPC_SERVER_PORT=tcp://10.0.0.1:50051`. */
export function serviceOfLink(name: string, value: string): string | undefined {
  return name.endsWith("_PORT") && linkValue.test(value)
    ? name.slice(0, -"_PORT".length).toLowerCase().replaceAll("_", "-")
    : undefined;
}
