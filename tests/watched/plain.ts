// Grafana's types, as JSON has them: an enumeration of words is those words.
import type { Dashboard } from '@grafana/schema';

export type Plain<T> = T extends string ? `${T}`
    : T extends (infer U)[] ? Plain<U>[]
    : T extends object ? { [K in keyof T]: Plain<T[K]> }
    : T;

export type PlainDashboard = Plain<Dashboard>;
