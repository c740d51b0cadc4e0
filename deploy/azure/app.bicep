// One container app, inside of the environment unless it is external.
param name string
param image string
param location string
param environmentId string
param identityId string
param registry string
@description('Where other apps reach it: a port of TCP, so that names, headers and addresses pass unchanged. External: HTTPS.')
param port int = 8000
param external bool = false
param settings array = []
@secure()
param secrets object = {}
@description('Files from secrets: name of the secret, and path.')
param files array = []
param filesAt string = '/run/secrets'
param command array = []
param cpu string = '0.5'
param memory string = '1Gi'
param minReplicas int = 1
param maxReplicas int = minReplicas
@description('HTTP paths of its probes; none for what does not speak HTTP.')
param ready string = '/health/ready?of=self'
param live string = '/health/live'

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: environmentId
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry, identity: identityId }]
      secrets: [for one in items(secrets): { name: one.key, value: one.value }]
      ingress: external
        ? { external: true, targetPort: port, transport: 'http', allowInsecure: false }
        : { external: false, targetPort: port, exposedPort: port, transport: 'tcp' }
    }
    template: {
      // Longer than requests in progress may take.
      terminationGracePeriodSeconds: 75
      containers: [
        {
          name: name
          image: image
          command: command
          env: settings
          resources: { cpu: json(cpu), memory: memory }
          probes: empty(ready)
            ? [{ type: 'Readiness', tcpSocket: { port: port }, periodSeconds: 5 }]
            : [
                { type: 'Startup', httpGet: { path: live, port: port }, periodSeconds: 2, failureThreshold: 30 }
                { type: 'Liveness', httpGet: { path: live, port: port }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
                { type: 'Readiness', httpGet: { path: ready, port: port }, periodSeconds: 3, timeoutSeconds: 5 }
              ]
          volumeMounts: empty(files) ? [] : [{ volumeName: 'files', mountPath: filesAt }]
        }
      ]
      volumes: empty(files) ? [] : [{ name: 'files', storageType: 'Secret', secrets: files }]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: minReplicas == maxReplicas ? [] : [{ name: 'cpu', custom: { type: 'cpu', metadata: { type: 'Utilization', value: '70' } } }]
      }
    }
  }
}

output address string = external ? 'https://${app.properties.configuration.ingress.fqdn}' : '${name}:${port}'
