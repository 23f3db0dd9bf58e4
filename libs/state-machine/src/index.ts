export * from './resource.ts';
export {
  CONTAINER_RULES,
  classifyContainer,
  compareObservations,
  containerStateOf,
  describeObservation,
  isContainerRuleId,
} from './container.ts';
export type { CleanExitCodes, ContainerFacts, ContainerRuleId, Observation } from './container.ts';
export { MODEL_REQUESTED, MODEL_RULES, NO_CONTAINERS, describeContainers, isInDoubt, rollUpModel } from './model.ts';
export type { ContainerCounts, ModelFacts, RolledUp } from './model.ts';
export { NO_MODELS, PACKAGE_REQUESTED, PACKAGE_RULES, describeModels, rollUpPackage } from './package.ts';
export type { ModelCounts } from './package.ts';
export { SCENARIO_REQUESTED, SCENARIO_TRANSITIONS, allowedFrom, askedBy } from './scenario.ts';
export type { Component, ScenarioTransition } from './scenario.ts';
export { APPLIED_CHANGES_COUNT, HISTORY_COUNT } from './record.ts';
export type {
  AppliedChange,
  Attempt,
  AttemptOutcome,
  Intent,
  ModelRecord,
  NodeRecord,
  Offload,
  PackageDefinition,
  PackageRecord,
  ReconcileBackoff,
  RecordOf,
  ScenarioDefinition,
  ScenarioRecord,
  Transition,
} from './record.ts';
export { Fleet } from './fleet.ts';
export { compareWords, containersOf } from './node-word.ts';
export type { ReportedContainer, WordDifference } from './node-word.ts';
export { DEFAULT_RULE_OPTIONS } from './decision.ts';
export type {
  Asker,
  AttemptEnded,
  ChangeRequest,
  Decision,
  GraceOver,
  Input,
  NodeForgotten,
  NodeSilent,
  OffloadAnswered,
  PackageDefined,
  ReconcileSteered,
  Rejection,
  RejectionCode,
  Report,
  ResourceDeleted,
  RuleOptions,
  ScenarioDefined,
} from './decision.ts';
export { MAX_TEXT_BYTES } from './decide-change.ts';
export { decide } from './decide.ts';
export { confirmReport } from './decide-report.ts';
export { explain } from './explain.ts';
export type { Explanation } from './explain.ts';
export type { WhatIf } from './what-if.ts';
export { simulate } from './simulate.ts';
export type { Hypothesis, Impact, Simulation } from './simulate.ts';
