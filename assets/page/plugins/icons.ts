// The page's icon in pixels, for launchers and home screens, drawn from `favicon.svg` at each build. The drawing is of
// rounded rectangles alone, whose edges are a formula: no library is needed for that.

import { readFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

import type { Plugin } from "vite";

type Box = { x: number; y: number; width: number; height: number; rx: number; fill: [number, number, number] };

/** Units along each side of the drawing. */
const SIDE = 32;

/** How much of a maskable icon the drawing takes: its corners stay within the circle that every launcher shows. */
const SAFE = 0.85;

/** Of how far an edge covers a pixel. */
const STEPS = 6;

export function icons(source: string): Plugin {
  return {
    name: "askd-icons",
    apply: "build",
    generateBundle() {
      const boxes = read(readFileSync(source, "utf8"));
      const emit = (fileName: string, png: Buffer) => this.emitFile({ type: "asset", fileName, source: png });
      emit("icon-192.png", draw(boxes, 192));
      emit("icon-512.png", draw(boxes, 512));
      emit("icon-maskable.png", draw(maskable(boxes), 512));
    },
  };
}

/** The drawing's rectangles, the lowest first. */
export function read(svg: string): Box[] {
  const drawn = svg.replace(/<!--.*?-->/gs, "").match(/<(?!\/?svg\b)[^>]+>/g) ?? [];
  return drawn.map((tag) => {
    const [x, y, width, height, rx] = ["x", "y", "width", "height", "rx"].map((name) =>
      Number(new RegExp(` ${name}="([\\d.]+)"`).exec(tag)?.[1]),
    );
    const fill = / fill="#([\da-f]{6})"/
      .exec(tag)?.[1]
      ?.match(/../g)
      ?.map((hex) => parseInt(hex, 16));
    const box = { x, y, width, height, rx, fill } as Box;
    if (!tag.startsWith("<rect ") || Object.values(box).some((value) => value === undefined || Number.isNaN(value)))
      throw new Error(`the icon's ${tag} is no <rect> with x, y, width, height, rx and a fill of six digits`);
    return box;
  });
}

/** The ground goes to the edges, which the launcher cuts as it likes, and the rest stays away from them. */
function maskable([ground, ...others]: Box[]): Box[] {
  const inset = ((1 - SAFE) * SIDE) / 2;
  const smaller = others.map(({ x, y, width, height, rx, fill }) => ({
    x: x * SAFE + inset,
    y: y * SAFE + inset,
    width: width * SAFE,
    height: height * SAFE,
    rx: rx * SAFE,
    fill,
  }));
  return [{ ...ground!, rx: 0 }, ...smaller];
}

/** A PNG of so many pixels along each side, each of which names one of the few colours that there are. */
function draw(boxes: Box[], size: number): Buffer {
  const palette = new Map<number, number>();
  const row = size + 1;
  const pixels = Buffer.alloc(row * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const seen = colour(boxes, ((x + 0.5) * SIDE) / size, ((y + 0.5) * SIDE) / size, SIDE / size);
      if (!palette.has(seen)) palette.set(seen, palette.size);
      pixels[y * row + 1 + x] = palette.get(seen)!;
    }
  }
  // Each row as its difference from the one above: most are the same.
  for (let y = size - 1; y > 0; y--) {
    pixels[y * row] = 2;
    for (let at = y * row + 1; at < (y + 1) * row; at++) pixels[at] = pixels[at]! - pixels[at - row]!;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  // Eight bits, by palette.
  head.set([8, 3], 8);
  const colours = [...palette.keys()];
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(colours.flatMap((colour) => [24, 16, 8].map((shift) => (colour >>> shift) & 255)))),
    chunk("tRNS", Buffer.from(colours.map((colour) => colour & 255))),
    chunk("IDAT", deflateSync(pixels, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Red, green, blue and opacity in one number, of a pixel `unit` wide: each box covers it as far as its edge goes through. */
function colour(boxes: Box[], x: number, y: number, unit: number): number {
  let opacity = 0;
  let [red, green, blue] = [0, 0, 0];
  for (const box of boxes) {
    // In steps: edges look smooth, and the colours stay few.
    const cover = Math.round(Math.min(Math.max(0.5 - distance(box, x, y) / unit, 0), 1) * STEPS) / STEPS;
    if (cover === 0) continue;
    const all = cover + opacity * (1 - cover);
    const mix = (below: number, own: number) => (own * cover + below * opacity * (1 - cover)) / all;
    red = mix(red, box.fill[0]);
    green = mix(green, box.fill[1]);
    blue = mix(blue, box.fill[2]);
    opacity = all;
  }
  return ((red << 24) | (green << 16) | (blue << 8) | Math.round(opacity * 255)) >>> 0;
}

/** How far a point is outside of the box; within it, less than nothing. */
function distance({ x, y, width, height, rx }: Box, px: number, py: number): number {
  const across = Math.abs(px - x - width / 2) - width / 2 + rx;
  const down = Math.abs(py - y - height / 2) - height / 2 + rx;
  return Math.hypot(Math.max(across, 0), Math.max(down, 0)) + Math.min(Math.max(across, down), 0) - rx;
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
