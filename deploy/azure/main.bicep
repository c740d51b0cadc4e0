// Bokeh Cloud on Azure Container Apps: storage in Blob Storage, accessed with a managed identity instead of a key.
// deploy/azure/README.md describes how to use it.
param location string = resourceGroup().location
@description('The name of an Azure container registry in this resource group, which has the images.')
param registryName string
param version string = '0.1.0'
@description('auth=bks_... data=bks_... and so on, as python -m bokeh_auth.provision_secrets makes them.')
@secure()
param serviceTokens string
@description('auth=redis://... data=redis://... and so on: the login of each service at Redis, made by the same command.')
@secure()
param redisLogins string
@description('The users of Redis: redis-secrets/users.acl, made by the same command.')
@secure()
param redisUsers string
@description('The mail server: smtp+starttls://user:password@mail.example.com')
@secure()
param smtpUrl string
param mailFrom string = ''
@description('A domain of your own that points at the gateway; empty for the name that Azure gives.')
param domain string = ''
param replicas int = 2
param mostDataReplicas int = 10

var suffix = uniqueString(resourceGroup().id)
var blobContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var registryPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var pairs = map(split(trim(serviceTokens), ' '), pair => split(pair, '='))
var tokens = toObject(pairs, pair => pair[0], pair => pair[1])
var loginPairs = map(split(trim(redisLogins), ' '), pair => split(pair, '='))
var logins = toObject(loginPairs, pair => pair[0], pair => pair[1])
var publicUrl = 'https://${empty(domain) ? 'gateway.${environment.properties.defaultDomain}' : domain}'
var images = '${registry.properties.loginServer}/bokeh-cloud'

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'bokeh-cloud'
  location: location
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'bokeh${suffix}'
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: { deleteRetentionPolicy: { enabled: true, days: 14 } }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'bokeh-cloud'
}

resource mayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, identity.id, blobContributor)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobContributor)
  }
}

resource mayPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: registry
  name: guid(registry.id, identity.id, registryPull)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', registryPull)
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'bokeh-cloud'
  location: location
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 }
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'bokeh-cloud'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: logs.properties.customerId, sharedKey: logs.listKeys().primarySharedKey }
    }
  }
}

var settings = [
  { name: 'BOKEH_CLOUD_STORAGE', value: 'azure://${container.name}' }
  { name: 'BOKEH_CLOUD_REDIS_URL', value: 'redis://redis:6379/0' }
  { name: 'BOKEH_CLOUD_PUBLIC_URL', value: publicUrl }
  { name: 'BOKEH_CLOUD_ACCOUNTS', value: '1' }
  { name: 'BOKEH_CLOUD_PROXIED', value: '1' }
  { name: 'BOKEH_CLOUD_GC_EVERY_HOURS', value: '6' }
  // What DefaultAzureCredential needs to find the identity.
  { name: 'AZURE_STORAGE_ACCOUNT', value: account.name }
  { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
  { name: 'BOKEH_CLOUD_SERVICE_TOKEN', secretRef: 'token' }
  { name: 'BOKEH_CLOUD_REDIS_LOGIN', secretRef: 'redis-login' }
]

var more = {
  auth: [
    { name: 'BOKEH_CLOUD_SERVICE_TOKENS', secretRef: 'tokens' }
    { name: 'BOKEH_CLOUD_SMTP_URL', secretRef: 'smtp' }
    { name: 'BOKEH_CLOUD_MAIL_FROM', value: mailFrom }
  ]
  // Uploaded files are stored on the replica's own disk, which is 4 GiB with one core.
  data: [{ name: 'BOKEH_CLOUD_MAX_FILE_BYTES', value: '2147483648' }]
}

module services 'app.bicep' = [
  for name in ['auth', 'plots', 'data', 'gc', 'web']: {
    name: name
    params: {
      name: name
      image: '${images}/${name}:${version}'
      location: location
      environmentId: environment.id
      identityId: identity.id
      registry: registry.properties.loginServer
      settings: concat(settings, more[?name] ?? [])
      secrets: union(
        { token: tokens[name], 'redis-login': logins[name] },
        name == 'auth' ? { tokens: trim(serviceTokens), smtp: smtpUrl } : {}
      )
      cpu: name == 'data' ? '1.0' : '0.5'
      memory: name == 'data' ? '2Gi' : '1Gi'
      minReplicas: replicas
      maxReplicas: name == 'data' ? max(replicas, mostDataReplicas) : replicas
    }
    dependsOn: [mayWrite, mayPull, redis]
  }
]

// For rate limits, notifications and caches; its content may be lost.
module redis 'app.bicep' = {
  name: 'redis'
  params: {
    name: 'redis'
    image: 'docker.io/library/redis:8.2.6'
    location: location
    environmentId: environment.id
    identityId: identity.id
    registry: registry.properties.loginServer
    command: ['redis-server', '--protected-mode', 'no', '--bind', '0.0.0.0', '--aclfile', '/run/secrets/users.acl', '--save', '']
    secrets: { users: redisUsers }
    files: [{ secretRef: 'users', path: 'users.acl' }]
    port: 6379
    ready: ''
  }
  dependsOn: [mayPull]
}

module gateway 'app.bicep' = {
  name: 'gateway'
  params: {
    name: 'gateway'
    image: 'docker.io/library/caddy:2.11.7'
    location: location
    environmentId: environment.id
    identityId: identity.id
    registry: registry.properties.loginServer
    external: true
    port: 8080
    ready: '/health/gateway'
    live: '/health/gateway'
    // The ingress of Container Apps in front passes on the client's address.
    settings: [{ name: 'BOKEH_CLOUD_GATEWAY_TRUSTED', value: 'trusted_proxies static private_ranges 100.64.0.0/10' }]
    secrets: { caddyfile: loadTextContent('../../gateway/Caddyfile') }
    files: [{ secretRef: 'caddyfile', path: 'Caddyfile' }]
    filesAt: '/etc/caddy'
    minReplicas: replicas
  }
  dependsOn: [services]
}

resource collecting 'Microsoft.App/jobs@2024-03-01' = {
  name: 'gc-worker'
  location: location
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: environment.id
    configuration: {
      triggerType: 'Schedule'
      scheduleTriggerConfig: { cronExpression: '17 */6 * * *', parallelism: 1, replicaCompletionCount: 1 }
      replicaTimeout: 14400
      replicaRetryLimit: 1
      registries: [{ server: registry.properties.loginServer, identity: identity.id }]
      secrets: [{ name: 'token', value: tokens.gc }, { name: 'redis-login', value: logins.gc }]
    }
    template: {
      containers: [
        {
          name: 'gc-worker'
          image: '${images}/gc:${version}'
          command: ['with-secrets', 'python', '-m', 'bokeh_gc', '--once']
          env: settings
          resources: { cpu: json('0.5'), memory: '1Gi' }
        }
      ]
    }
  }
  dependsOn: [mayWrite, mayPull]
}

output url string = empty(domain) ? gateway.outputs.address : publicUrl
output storageAccount string = account.name
