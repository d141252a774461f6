import type { Measurement, ServerName } from './bench';
import type { Kind, Scenario } from './scenarios';
import { spreadOf, type Spread } from './statistics';

/** One line of a scenario's table. */
export interface Result {
  readonly scenario: string;
  readonly server: ServerName;
  /** How many idle connections were there beside. */
  readonly live?: number;
  readonly unit: Measurement['unit'];
  /** How many rounds the figures are from. */
  readonly rounds: number;
  /** Of the rounds' figures. */
  readonly spread: Spread;
  /** The median. */
  readonly perSecond?: number;
  /** The median as a multiple of {@link base}'s, beside as many idle connections. */
  readonly ratio?: number;
  readonly base?: ServerName;
  /** The bar for {@link ratio}. */
  readonly bar?: number;
  /** The median as a multiple of the one beside the fewest idle connections. */
  readonly growth?: number;
  /** The bar for {@link growth}. */
  readonly growthBar?: number;
}

/** Sets the measurements of a scenario in relation to one another. */
export function resultsOf(scenario: Scenario, measurements: readonly Measurement[]): Result[] {
  const medianOf = (server: ServerName, live?: number): number | undefined => {
    const found = measurements.find((one) => one.server === server && one.live === live);
    return found && spreadOf(found.values).median;
  };
  const fewest = measurements[0]?.live;
  return measurements.map(({ server, live, unit, values, perSecond }): Result => {
    const spread = spreadOf(values);
    const base = scenario.bases?.[server as Kind] ?? 'raw';
    const compared = base === server ? undefined : medianOf(base, live);
    const few = live === fewest ? undefined : medianOf(server, fewest);
    const bar = scenario.bars?.[server as Kind];
    const hasGrowthBar = scenario.measures === 'growth' && live === 10_000 && server !== 'raw';
    return {
      scenario: scenario.name,
      server,
      ...(live !== undefined && { live }),
      unit,
      rounds: values.length,
      spread,
      ...(perSecond.length > 0 && { perSecond: spreadOf(perSecond).median }),
      ...(compared !== undefined && { ratio: spread.median / compared, base }),
      ...(bar !== undefined && { bar }),
      ...(few !== undefined && { growth: spread.median / few }),
      ...(hasGrowthBar && { growthBar: scenario.growthBar }),
    };
  });
}
