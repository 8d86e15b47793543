package dev.filigree.vulkan.launch;

import dev.filigree.api.attention.HeadMap;
import dev.filigree.api.plan.Axes;
import dev.filigree.api.plan.TensorDecl;
import dev.filigree.api.plan.TensorRef;
import dev.filigree.api.plan.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** One launch: a shader, its constants, tensors and numbers by name, and how many work groups a run needs. */
public final class Launch {
    /** The dtype constant of a tensor that is left out. */
    private static final int NONE = 99;

    private final Shader shader;
    private final Tensors tensors;
    private final Map<String, Integer> specs = new LinkedHashMap<>();
    private final Map<String, Integer> numbers = new LinkedHashMap<>();
    private final Map<String, Operand> operands = new LinkedHashMap<>();
    private final Map<String, List<Operand>> lists = new LinkedHashMap<>();
    private final Map<String, int[]> tables = new LinkedHashMap<>();
    private final Map<String, Long> scratches = new LinkedHashMap<>();
    private ToLongFunction<Axes> count = axes -> 0;
    private ToLongFunction<Axes> work = axes -> 1;
    private boolean threads;
    private int subgroups;
    private int ownLanes;
    private long scratchBytes;

    /** A launch of {@code <folder>/<name>} over tensors of a plan. */
    public Launch(String path, Tensors tensors) {
        this.shader = Shader.of(path);
        this.tensors = tensors;
    }

    /** A specialization constant. */
    public Launch spec(String name, int value) {
        if (!shader.specs().containsKey(name)) {
            throw new IllegalArgumentException("shader " + shader.path() + " has no constant " + name);
        }
        specs.put(name, value);
        return this;
    }

    /** A specialization constant that is 0 or 1. */
    public Launch spec(String name, boolean value) {
        return spec(name, value ? 1 : 0);
    }

    /** A number of 32 bits. */
    public Launch number(String name, long value) {
        shader.offset(name);
        numbers.put(name, (int) value);
        return this;
    }

    /** An fp32 number. */
    public Launch real(String name, float value) {
        return number(name, Float.floatToRawIntBits(value));
    }

    /** A tensor of the plan. */
    public Launch tensor(String name, TensorRef ref) {
        return operand(name, new Operand(tensors.get(ref), -1));
    }

    /** A tensor of the plan, or none. */
    public Launch tensor(String name, Optional<TensorRef> ref) {
        return ref.isPresent() ? tensor(name, ref.get()) : spec(name + "_DTYPE", NONE);
    }

    /** A tensor in this step's scratch. */
    public Launch scratch(String name, TensorDecl decl, long offset) {
        keep(offset + decl.capacityBytes());
        return operand(name, new Operand(decl, offset));
    }

    /** The address of bytes in this step's scratch. */
    public Launch scratch(String name, long offset, long sizeBytes) {
        keep(offset + sizeBytes);
        shader.offset(name);
        scratches.put(name, offset);
        return this;
    }

    /** Tensors behind one name. */
    public Launch list(String name, List<Operand> all) {
        lists.put(name, List.copyOf(all));
        all.stream()
                .filter(o -> o.scratchOffset() >= 0)
                .forEach(o -> keep(o.scratchOffset() + o.decl().capacityBytes()));
        return number(name + "_COUNT", all.size());
    }

    /** Tensors of the plan behind one name. */
    public Launch tensors(String name, List<TensorRef> refs) {
        List<Operand> all = new ArrayList<>();
        refs.forEach(ref -> all.add(new Operand(tensors.get(ref), -1)));
        return list(name, all);
    }

    /** The heads an op serves, for shaders that include {@code heads.glsl}. */
    public Launch heads(HeadMap heads) {
        tables.put("kvHeads", heads.kvHeads().stream().mapToInt(i -> i).toArray());
        tables.put("kvSlots", heads.kvSlots().stream().mapToInt(i -> i).toArray());
        return number("numServed", heads.numServedKvHeads()).number("groupSize", heads.groupSize());
    }

    /** How many work groups a run needs. */
    public Launch groups(ToLongFunction<Axes> groups) {
        count = groups;
        return this;
    }

    /** About how many fp32 operations a work group takes at most, for launches that may take long; matrices count for less. */
    public Launch work(ToLongFunction<Axes> operations) {
        work = operations;
        return this;
    }

    /** About how many operations a work group takes in a run. */
    public long operations(Axes axes) {
        return work.applyAsLong(axes);
    }

    /** How many threads a run needs. */
    public Launch threads(ToLongFunction<Axes> numThreads) {
        threads = true;
        return groups(numThreads);
    }

    /** How many subgroups make a work group; as many as the device likes unless given. */
    public Launch subgroups(int number) {
        subgroups = number;
        return this;
    }

    /** How many lanes make a work group; as many as the device likes unless given. */
    public Launch lanes(int number) {
        ownLanes = number;
        return this;
    }

    private Launch operand(String name, Operand operand) {
        operands.put(name, operand);
        return spec(name + "_DTYPE", operand.decl().dtype().ordinal());
    }

    private void keep(long end) {
        scratchBytes = Math.max(scratchBytes, end);
    }

    /** The shader. */
    public Shader shader() {
        return shader;
    }

    /**
     * Specialization constants in the order of their ids, the first the work group's size.
     *
     * @param lanes a work group has unless the launch says otherwise
     */
    public List<Integer> constants(int lanes, int subgroupSize) {
        Integer[] values = new Integer[shader.specs().size() + 1];
        values[0] = ownLanes > 0 ? ownLanes : subgroups > 0 ? subgroups * subgroupSize : lanes;
        shader.specs().forEach((name, id) -> {
            Integer value = specs.get(name);
            if (value == null) {
                throw new IllegalStateException("shader " + shader.path() + " was not given its constant " + name);
            }
            values[id] = value;
        });
        return List.of(values);
    }

    /** Numbers by name. */
    public Map<String, Integer> numbers() {
        return numbers;
    }

    /** Tensors by name. */
    public Map<String, Operand> operands() {
        return operands;
    }

    /** Lists of tensors by name. */
    public Map<String, List<Operand>> lists() {
        return lists;
    }

    /** Constant tables by name. */
    public Map<String, int[]> tables() {
        return tables;
    }

    /** Addresses in scratch by name. */
    public Map<String, Long> scratches() {
        return scratches;
    }

    /** Scratch that the launch touches, from its start. */
    public long scratchBytes() {
        return scratchBytes;
    }

    /** Work groups of a run. */
    public long numGroups(Axes axes, int lanes) {
        long needed = count.applyAsLong(axes);
        return threads ? (needed + lanes - 1) / lanes : needed;
    }
}
