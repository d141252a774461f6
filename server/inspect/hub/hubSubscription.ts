import type { ActorId, InspectionRecord } from '../records';

/** What {@link Hub.join} gives an onlooker: the actors to watch are named here, and the records are taken here. */
export interface HubSubscription {
  /**
   * Watches these actors from now on, and those named before no longer.
   * @param ids - the actors; unknown ids are ignored, and of more than 1,000 the first are taken
   * @param auto - how many other actors are watched too, from their birth to their death; the oldest first
   */
  watch(ids: Iterable<ActorId>, auto: number): void;
  /**
   * Takes the records that have come since the last call, in order, `limit` at most. The first records are the births
   * of the actors that live already, parents before children.
   * @returns an empty list when no records wait; the `onRecords` of {@link Hub.join} is called when some do again
   */
  take(limit: number): InspectionRecord[];
  /** Ends the subscription. When it was the last one, the hub lets go of the actor systems, and costs nothing. */
  leave(): void;
}
