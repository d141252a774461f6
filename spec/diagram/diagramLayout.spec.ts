import { describe, expect, it } from '@jest/globals';
import { layOut } from '../../server/diagram/elk';

const good = { id: 'good', children: [{ id: 'a', width: 10, height: 10 }] };
const bad = { id: 'bad', edges: [{ id: 'e', sources: ['nowhere'], targets: ['nobody'] }] };

describe('A layout', () => {
  it('that fails is an error of its own: those before and after it are made', async () => {
    const [before, failing, after] = [layOut([good], false), layOut([bad], false), layOut([good], false)];
    await expect(failing).rejects.toMatchObject({ code: 'ERR_LAYOUT', message: expect.stringContaining('nowhere') });
    expect((await before)[0]?.children?.[0]).toMatchObject({ id: 'a', width: 10 });
    expect(await after).toEqual(await before);
  });

  it('is left out when another one of the same chart can be made', async () => {
    expect(await layOut([bad, good], false)).toHaveLength(1);
  });

  it('does its work in a thread that is gone afterwards', async () => {
    const placed = layOut([good], false);
    await new Promise(setImmediate);
    expect(process.getActiveResourcesInfo()).toContain('MessagePort');
    await placed;
    while (process.getActiveResourcesInfo().includes('MessagePort')) await new Promise(setImmediate);
  });
});
