package dev.filigree.host.tokenizer.decoder;

/**
 * Takes up to {@code start} of a character off the beginning of each token and up to {@code stop} off its end. Only the
 * characters that may have to go are held back.
 */
final class StripStep extends PassingStep {
    private final char content;
    private final int start;
    private final int stop;
    private int startLeft;
    private int trailing;

    StripStep(DecodeStep next, char content, int start, int stop) {
        super(next);
        this.content = content;
        this.start = start;
        this.stop = stop;
        this.startLeft = start;
    }

    @Override
    public void text(String text) {
        int begin = 0;
        while (startLeft > 0 && begin < text.length()) {
            if (text.charAt(begin) == content) {
                begin++;
                startLeft--;
            } else {
                startLeft = 0;
            }
        }
        int end = text.length();
        while (end > begin && text.charAt(end - 1) == content) {
            end--;
        }
        if (end > begin) {
            next.text(String.valueOf(content).repeat(trailing) + text.substring(begin, end));
            trailing = 0;
        }
        trailing += text.length() - end;
        if (trailing > stop) {
            next.text(String.valueOf(content).repeat(trailing - stop));
            trailing = stop;
        }
    }

    @Override
    public void endToken() {
        startLeft = start;
        trailing = 0;
        next.endToken();
    }
}
