import type { ActorId, InspectionRecord } from '../wire';

/** Somebody who looks at what a hub sees: a page, or a terminal. */
export interface Viewer {
  /**
   * Whom to watch from now on, in place of whom was watched before. Unknown ids are ignored.
   * @param auto - so many others are watched too, from their birth, for as long as they live; the eldest first
   */
  watch(ids: Iterable<ActorId>, auto: number): void;
  /**
   * What has happened since the last call, in order, and no more than `limit` records: first who lives already, parents
   * before children. Empty when there is nothing; `onRecords` is called when that has changed.
   */
  take(limit: number): InspectionRecord[];
  /** Ends it. When nobody is left, the hub lets go of the actor systems, and watching costs nothing. */
  leave(): void;
}
