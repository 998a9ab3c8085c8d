{{/* What the ConfigMap has: all settings without secrets, as a map of strings. */}}
{{- define "item-service.environment" -}}
{{ include "item-service.ownEnvironment" . }}
{{- range $name, $value := .Values.settings }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "item-service.ownEnvironment" -}}
NODE_ENV: production
LOG_LEVEL: {{ .Values.logLevel }}
DATA_DIR: /data
TMPDIR: /tmp
GRPC_SERVER_ENABLED: "true"
GRPC_SERVER_HOST: {{ .Values.host | quote }}
GRPC_SERVER_PORT: {{ int .Values.ports.grpc | quote }}
GRPC_SERVER_MAX_WORKERS: {{ int .Values.workers | quote }}
GRPC_SERVER_DRAIN_DELAY_MS: {{ int64 .Values.lifecycle.drainDelayMs | quote }}
GRPC_SERVER_GRACE_MS: {{ int64 .Values.lifecycle.graceMs | quote }}
GRPC_SERVER_MAX_CONNECTION_AGE_MS: {{ int64 .Values.connections.maxAgeMs | quote }}
{{- if eq .Values.transport.mode "tls" }}
GRPC_SERVER_TLS_CERT_FILE: /etc/item-service/tls/tls.crt
GRPC_SERVER_TLS_KEY_FILE: /etc/item-service/tls/tls.key
{{- with .Values.transport.tls.clientCa }}
{{- if .existingSecret }}
GRPC_SERVER_TLS_CLIENT_CA_FILE: {{ printf "/etc/item-service/client-ca/%s" .key | quote }}
{{- end }}
{{- end }}
{{- else }}
GRPC_SERVER_INSECURE: "true"
{{- end }}
ADMIN_HOST: {{ .Values.host | quote }}
ADMIN_PORT: {{ int .Values.ports.admin | quote }}
{{- with .Values.auth }}
AUTH_ISSUER: {{ .issuer | quote }}
AUTH_AUDIENCE: {{ .audience | quote }}
{{- if .jwksUrl }}
AUTH_JWKS_URL: {{ .jwksUrl | quote }}
{{- else if .jwks.configMap }}
AUTH_JWKS_FILE: {{ printf "/etc/item-service/token-keys/%s" .jwks.key | quote }}
{{- else }}
AUTH_PUBLIC_KEY_FILE: {{ printf "/etc/item-service/token-keys/%s" .publicKey.key | quote }}
{{- end }}
{{- end }}
{{- if eq .Values.database.type "sqlite" }}
DATABASE_URL: {{ printf "sqlite:/data/%s" .Values.database.sqlite.fileName | quote }}
{{- end }}
{{- with .Values.otel }}
OTEL_TRACES_EXPORTER: {{ .exporter }}
{{- if ne .exporter "none" }}
OTEL_TRACES_SAMPLER: {{ .sampler }}
OTEL_TRACES_SAMPLER_ARG: {{ .samplerRatio | quote }}
{{- end }}
{{- if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the pod gets beside the ConfigMap. */}}
{{- define "item-service.podEnvironment" -}}
{{- if eq .Values.database.type "postgres" -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret.name | quote }}
      key: {{ .Values.database.existingSecret.key | quote }}
{{ end -}}
- name: UV_THREADPOOL_SIZE
  value: {{ int .Values.threadPoolSize | quote }}
{{- with include "item-service.nodeOptions" . }}
- name: NODE_OPTIONS
  value: {{ . | quote }}
{{- end }}
{{- if ne .Values.otel.exporter "none" }}
# $(…) is replaced by what stands before it.
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ include "item-service.resourceAttributes" . | quote }}
{{- with .Values.otel.headersSecret }}
{{- if .name }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef:
      name: {{ .name | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "item-service.nodeOptions" -}}
{{- $heap := include "item-service.heapMiB" . -}}
{{- list (empty $heap | ternary "" (printf "--max-old-space-size=%s" $heap)) .Values.nodeOptions | compact | join " " -}}
{{- end }}

{{/* https://opentelemetry.io/docs/specs/semconv/resource/k8s/ */}}
{{- define "item-service.resourceAttributes" -}}
k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME),
{{- print "k8s.deployment.name=" (include "item-service.fullname" .) ",k8s.container.name=item-service" }}
{{- range $name, $value := .Values.otel.resourceAttributes }},{{ $name }}={{ $value | urlquery | replace "+" "%20" }}{{ end -}}
{{- end }}
