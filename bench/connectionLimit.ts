/** How many connections a process may open: its limit of descriptors, minus 200 for the process itself. */
export function connectionLimit(): number {
  const { userLimits } = process.report.getReport() as unknown as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | 'unlimited' } };
  };
  const limit = userLimits?.open_files.soft ?? 1_024;
  return limit === 'unlimited' ? Infinity : limit - 200;
}
