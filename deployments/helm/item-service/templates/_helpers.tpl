{{- define "item-service.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* Room is left for "-headless" and the like: a Service's name has 63 characters at most. */}}
{{- define "item-service.fullname" -}}
{{- $name := include "item-service.name" . -}}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $both | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What pods are chosen by. It cannot be changed later. */}}
{{- define "item-service.selectorLabels" -}}
app.kubernetes.io/name: {{ include "item-service.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "item-service.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "item-service.labels" -}}
{{ include "item-service.selectorLabels" . }}
{{ include "item-service.commonLabels" . }}
{{- end }}

{{/* Other than those of the pods that serve: nobody must be sent here. */}}
{{- define "item-service.testLabels" -}}
app.kubernetes.io/name: {{ include "item-service.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "item-service.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "item-service.fullname" .) "default" -}}
{{- .Values.serviceAccount.name | default $default -}}
{{- end }}

{{- define "item-service.image" -}}
{{- with .Values.image -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "item-service.tlsServerName" -}}
{{- .Values.transport.tls.serverName | default (printf "%s.%s.svc" (include "item-service.fullname" .) .Release.Namespace) -}}
{{- end }}

{{/*
"true" if probes and helm test ask the admin port: callers must show a certificate, which they have not, or
the Secret need not have the ca.crt by which they would check that of the service.
*/}}
{{- define "item-service.asksByHttp" -}}
{{- with .Values.transport -}}
{{- and (eq .mode "tls") (or (eq .tls.probe "http") (ne .tls.clientCa.existingSecret "")) -}}
{{- end -}}
{{- end }}

{{/* The heap of one process in MiB: three quarters of the memory limit, divided by the workers. Empty without a limit. */}}
{{- define "item-service.heapMiB" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources -}}
{{- if $limit -}}
{{- $text := kindIs "string" $limit | ternary $limit (printf "%.0f" (float64 $limit)) -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $bytes := get (dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776) $unit -}}
{{- divf (mulf (trimSuffix $unit $text | float64) $bytes 0.75) 1048576 .Values.workers | floor | int64 -}}
{{- end -}}
{{- end }}

{{/*
A probe of one of the health services. Takes root, service and timing.
The kubelet's gRPC probes know no TLS: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
*/}}
{{- define "item-service.probe" -}}
{{- $ports := .root.Values.ports -}}
{{- if ne .root.Values.transport.mode "tls" -}}
grpc:
  port: {{ int $ports.grpc }}
  service: {{ .service }}
{{- else if eq (include "item-service.asksByHttp" .root) "true" -}}
httpGet:
  port: {{ int $ports.admin }}
  path: {{ eq .service "liveness" | ternary "/healthz" "/readyz" }}
{{- else -}}
exec:
  command:
    - node
    - /app/dist/main.js
    - probe
    - 127.0.0.1:{{ int $ports.grpc }}
    - {{ .service }}
    - --tls
    - --ca=/etc/item-service/tls/ca.crt
    - --server-name={{ include "item-service.tlsServerName" .root }}
    - --timeout-ms={{ mul .timing.timeoutSeconds 500 }}
{{- end }}
{{ toYaml .timing }}
{{- end }}
