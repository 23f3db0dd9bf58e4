import type { Component, ResourceKind } from '@statemanager/state-machine';
import { health, reflectionV1, reflectionV1Alpha, statemanager, v1 } from '@statemanager/proto';

/** What a method does, as far as it matters who may. */
export type Permission =
  /** Says what the containers of a node are. */
  | 'report'
  /** Asks for a state. */
  | 'change'
  /** Has a model moved to another node. */
  | 'offload'
  /** Looks at states, history, documents and intents. */
  | 'read'
  /** Puts and deletes documents. */
  | 'define'
  /** Steers reconciles, and retires what will not come back. */
  | 'operate'
  /** Hears what StateManagers tell each other. */
  | 'replicate'
  /** Says whether it is well, and what it speaks: for anybody, also without a name. */
  | 'open';

/** What a role may. */
export interface Role {
  readonly may: readonly Permission[];
  /** As which components it may ask for a scenario's transition; the rules say who may ask for which. */
  readonly as: readonly Component[];
  /** Of which other kinds it may ask for states. */
  readonly sets: readonly Exclude<ResourceKind, 'scenario'>[];
  /** Whose reports: only its own node's, or anybody's. */
  readonly reports?: 'own' | 'any';
}

const COMPONENTS: readonly Component[] = ['ApiServer', 'FilterGateway', 'PolicyManager', 'ActionController'];

/** Who may do what: the one table. */
export const ROLES = {
  'node-agent': { may: ['report'], as: [], sets: [], reports: 'own' },
  'filter-gateway': { may: ['change', 'read'], as: ['FilterGateway'], sets: [] },
  'policy-manager': { may: ['change', 'offload', 'read'], as: ['PolicyManager'], sets: [] },
  'action-controller': { may: ['change', 'read'], as: ['ActionController'], sets: ['package', 'model'] },
  'api-server': { may: ['change', 'define', 'read'], as: ['ApiServer'], sets: [] },
  viewer: { may: ['read'], as: [], sets: [] },
  operator: { may: ['read', 'operate'], as: [], sets: [] },
  admin: {
    may: ['report', 'change', 'offload', 'read', 'define', 'operate'],
    as: COMPONENTS,
    sets: ['package', 'model'],
    reports: 'any',
  },
  // Another StateManager: it brings reports whose senders it has checked, and calls with the name of whoever made them.
  replica: { may: ['report', 'replicate'], as: [], sets: [], reports: 'any' },
} as const satisfies Readonly<Record<string, Role>>;

export type RoleName = keyof typeof ROLES;

/** All roles, by name. */
export const ROLE_NAMES = Object.keys(ROLES) as readonly RoleName[];

/** A role by its name. */
export function roleOf(name: RoleName): Role {
  return ROLES[name];
}

const { typeName: WIRE } = statemanager.StateManagerConnection;

/** What each method needs, by the path of its calls; what ends with `*` stands for all methods of a service. */
const PERMISSIONS: Readonly<Record<string, Permission>> = {
  [`/${WIRE}/SendChangedContainerList`]: 'report',
  [`/${WIRE}/SendStateChange`]: 'change',
  [`/${WIRE}/SendAction`]: 'change',
  [`/${WIRE}/TriggerOffloading`]: 'offload',
  [`/${v1.StateService.typeName}/*`]: 'read',
  [`/${v1.DefinitionService.typeName}/GetDefinition`]: 'read',
  [`/${v1.DefinitionService.typeName}/ListDefinitions`]: 'read',
  [`/${v1.DefinitionService.typeName}/ApplyDefinitions`]: 'define',
  [`/${v1.DefinitionService.typeName}/DeleteDefinition`]: 'define',
  [`/${v1.ReconcileService.typeName}/ListIntents`]: 'read',
  [`/${v1.ReconcileService.typeName}/RetryReconcile`]: 'operate',
  [`/${v1.ReconcileService.typeName}/PauseReconcile`]: 'operate',
  [`/${v1.ReconcileService.typeName}/ResumeReconcile`]: 'operate',
  [`/${v1.MaintenanceService.typeName}/*`]: 'operate',
  [`/${v1.ReplicaService.typeName}/*`]: 'replicate',
  [`/${health.Health.typeName}/*`]: 'open',
  [`/${reflectionV1.ServerReflection.typeName}/*`]: 'open',
  [`/${reflectionV1Alpha.ServerReflection.typeName}/*`]: 'open',
};

/** What a call needs; undefined for a path that nobody has allowed to anybody. */
export function permissionFor(path: string): Permission | undefined {
  return PERMISSIONS[path] ?? PERMISSIONS[`${path.slice(0, path.lastIndexOf('/'))}/*`];
}
