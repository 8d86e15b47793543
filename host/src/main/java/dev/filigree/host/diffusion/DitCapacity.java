package dev.filigree.host.diffusion;

/**
 * The largest batch that plans must serve.
 *
 * @param numPictures painted together
 * @param guided whether each picture is computed for the empty caption too
 * @param numSteps of the sampler
 * @param maxWords words of a caption
 * @param patchesPerPicture tokens of a sequence
 */
record DitCapacity(int numPictures, boolean guided, int numSteps, int maxWords, int patchesPerPicture) {

    DitCapacity {
        if (numPictures < 1 || numSteps < 1) {
            throw new IllegalArgumentException(
                    "a batch needs 1 or more pictures and steps, not " + numPictures + " and " + numSteps);
        }
    }

    /** Sequences of a step: the captions, then as many empty ones. */
    int numSeqs() {
        return guided ? 2 * numPictures : numPictures;
    }

    /** Rows of the state that is being painted. */
    int numPatches() {
        return numPictures * patchesPerPicture;
    }

    /** Rows of a step. */
    int numTokens() {
        return numSeqs() * patchesPerPicture;
    }

    /** Rows of all captions together. */
    int numWords() {
        return numSeqs() * maxWords;
    }
}
