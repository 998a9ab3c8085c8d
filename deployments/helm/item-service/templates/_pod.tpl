{{- define "item-service.podSecurityContext" -}}
runAsNonRoot: true
{{- range $name, $id := .Values.podSecurity }}
{{- if not (kindIs "invalid" $id) }}
{{ $name }}: {{ int64 $id }}
{{- end }}
{{- end }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "item-service.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "item-service.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
- name: data
  {{- if eq .Values.database.type "sqlite" }}
  persistentVolumeClaim:
    claimName: {{ .Values.database.sqlite.existingClaim | default (printf "%s-data" (include "item-service.fullname" .)) | quote }}
  {{- else }}
  emptyDir:
    sizeLimit: 16Mi
  {{- end }}
{{- with .Values.transport }}
{{- if eq .mode "tls" }}
- name: tls
  secret:
    secretName: {{ .tls.existingSecret | quote }}
    defaultMode: 288 # 0440
{{- with .tls.clientCa.existingSecret }}
- name: client-ca
  secret:
    secretName: {{ . | quote }}
    defaultMode: 288 # 0440
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.auth }}
{{- if .jwksUrl }}
{{- else if .publicKey.secret }}
- name: token-keys
  secret:
    secretName: {{ .publicKey.secret | quote }}
    defaultMode: 288 # 0440
{{- else }}
- name: token-keys
  configMap:
    name: {{ .jwks.configMap | default .publicKey.configMap | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "item-service.topologySpread" -}}
{{- range $key, $when := dict "topology.kubernetes.io/zone" .Values.topologySpread.zone "kubernetes.io/hostname" .Values.topologySpread.host }}
{{- if ne $when "none" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: {{ $when }}
  labelSelector:
    matchLabels:
      {{- include "item-service.selectorLabels" $ | nindent 6 }}
  # Of each version by itself, or a rollout would leave the new one uneven.
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}
