import type { Measurement, ServerName } from './bench';
import type { Kind, Scenario } from './scenarios';
import { spreadOf, type Spread } from './statistics';

/** One line of a scenario's table. */
export interface Result {
  readonly scenario: string;
  readonly server: ServerName;
  /** How many idle connections the server had meanwhile. */
  readonly live?: number;
  readonly unit: Measurement['unit'];
  /** How many rounds were measured. */
  readonly rounds: number;
  /** The spread of the rounds' figures. */
  readonly spread: Spread;
  /** Operations a second: the median of the rounds. */
  readonly perSecond?: number;
  /** The median as a multiple of {@link base}'s median with as many idle connections. */
  readonly ratio?: number;
  readonly base?: ServerName;
  /** The bar: the highest {@link ratio} that is good enough. */
  readonly bar?: number;
  /** The median as a multiple of the same server's median with the fewest idle connections. */
  readonly growth?: number;
  /** The bar: the highest {@link growth} that is good enough. */
  readonly growthBar?: number;
}

/** Compares the measurements of a scenario with one another. */
export function resultsOf(scenario: Scenario, measurements: readonly Measurement[]): Result[] {
  const medianOf = (server: ServerName, live?: number): number | undefined => {
    const found = measurements.find((measurement) => measurement.server === server && measurement.live === live);
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
