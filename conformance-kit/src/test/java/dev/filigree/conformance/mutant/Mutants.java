package dev.filigree.conformance.mutant;

import java.util.List;
import java.util.stream.Stream;

/** Every mutant of the kit. */
final class Mutants {
    private Mutants() {}

    static List<Mutant> all() {
        return Stream.of(
                        AttentionMutants.all(),
                        SparseMutants.all(),
                        EquivalenceMutants.all(),
                        SelectionMutants.all(),
                        KvMutants.all(),
                        LowBitMutants.all(),
                        TransformerMutants.all(),
                        ModulateMutants.all(),
                        ContractMutants.all())
                .flatMap(List::stream)
                .toList();
    }
}
