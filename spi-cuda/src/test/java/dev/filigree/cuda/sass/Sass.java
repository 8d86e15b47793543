package dev.filigree.cuda.sass;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The machine code of one kernel for compute capability 9.0: 16 bytes an instruction, of which the low nine bits are the opcode
 * and the next three the form of its operands.
 *
 * <p>The opcodes below and the place of a branch's target were read off {@code nvdisasm -hex} 13.1 over all kernels of this
 * module as nvcc 13.0 compiled them: 166,440 instructions, in which no opcode had two names and no name here two opcodes, and
 * 10,762 branches, all of which led to the label that the disassembler gave.
 *
 * @param kernel its name
 * @param code its instructions, two words each
 */
record Sass(String kernel, long[] code) {
    /** What a test asks about. */
    enum Opcode {
        /** Asynchronous 16-bit product of a warpgroup. */
        HGMMA(0x1f0),
        /** Load from local memory. */
        LDL(0x183),
        /** Store to local memory. */
        STL(0x187),
        /** Branch to a place known at compile time. */
        BRA(0x147);

        private final int bits;

        Opcode(int bits) {
            this.bits = bits;
        }
    }

    /** Instructions {@code first} to {@code last}, both included, of which the last branches to the first. */
    record Loop(int first, int last) {}

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final String TEXT = ".text.";

    /** The kernels of a cubin, which is an ELF file with a section of code per kernel. */
    static Map<String, Sass> read(Path cubin) throws IOException {
        MemorySegment elf = MemorySegment.ofArray(Files.readAllBytes(cubin));
        if (elf.byteSize() < 64 || elf.get(INT, 0) != 0x464c457f) {
            throw new IOException(cubin + " is no ELF file");
        }
        long headers = elf.get(LONG, 40);
        int headerBytes = elf.get(SHORT, 58);
        int numSections = elf.get(SHORT, 60);
        long names = elf.get(LONG, headers + (long) elf.get(SHORT, 62) * headerBytes + 24);
        Map<String, Sass> kernels = new TreeMap<>();
        for (int i = 0; i < numSections; i++) {
            long header = headers + (long) i * headerBytes;
            String name = elf.getString(names + elf.get(INT, header), StandardCharsets.UTF_8);
            if (name.startsWith(TEXT)) {
                long[] code = elf.asSlice(elf.get(LONG, header + 24), elf.get(LONG, header + 32))
                        .toArray(LONG);
                String kernel = name.substring(TEXT.length());
                kernels.put(kernel, new Sass(kernel, code));
            }
        }
        return kernels;
    }

    /** Number of instructions. */
    int size() {
        return code.length / 2;
    }

    /** Whether an instruction has that opcode, in any form. */
    boolean is(Opcode opcode, int at) {
        return (code[2 * at] & 0x1ff) == opcode.bits;
    }

    /** How often an opcode stands anywhere. */
    int count(Opcode opcode) {
        return count(opcode, new Loop(0, size() - 1));
    }

    /** How often an opcode stands in a stretch. */
    int count(Opcode opcode, Loop where) {
        int count = 0;
        for (int at = where.first(); at <= where.last(); at++) {
            count += is(opcode, at) ? 1 : 0;
        }
        return count;
    }

    /** The loops that an opcode stands in, inner and outer: one per branch that leads back over it. */
    List<Loop> loopsOver(Opcode opcode) {
        List<Loop> loops = new ArrayList<>();
        for (int at = 0; at < size(); at++) {
            if (is(Opcode.BRA, at) && target(at) < at) {
                Loop loop = new Loop(target(at), at);
                if (count(opcode, loop) > 0) {
                    loops.add(loop);
                }
            }
        }
        return loops;
    }

    /** Where a branch leads: a signed count of words after the next instruction, its low 8 bits from bit 16 on, the rest from 34. */
    private int target(int at) {
        long low = code[2 * at] >>> 16 & 0xff;
        long middle = code[2 * at] >>> 34;
        long high = code[2 * at + 1] & 0x3ffff;
        long words = (high << 38 | middle << 8 | low) << 8 >> 8;
        return Math.toIntExact(at + 1 + words / 4);
    }
}
