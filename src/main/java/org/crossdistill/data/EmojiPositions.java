package org.crossdistill.data;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Reads where each emoji stands in the sprite sheets. The artifact has that only as constants in
 * code, {@code GoogleEmoji(unicode, listOf(short names), x, y, …)}, and its classes cannot be run
 * without Android; so the byte code of their initialisers is read.
 */
final class EmojiPositions {

  private static final int ASM_API = Opcodes.ASM9;
  private static final String EMOJI = "com/vanniktech/emoji/google/GoogleEmoji";
  private static final String LISTS = "kotlin/collections/CollectionsKt";

  private final Map<String, Position> positions = new HashMap<>();

  /** A place in the sheets: pictures of one sheet stand below each other. */
  record Position(int sheet, int row) {}

  /** Adds all emoji that a class makes. */
  void add(byte[] classFile) {
    ClassVisitor methods =
        new ClassVisitor(ASM_API) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String descriptor, String signature, String[] exceptions) {
            return new ConstructorCalls();
          }
        };
    new ClassReader(classFile).accept(methods, ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
  }

  /** By emoji without variation selector. */
  Map<String, Position> positions() {
    return positions;
  }

  /** A constructor call whose arguments are being pushed. */
  private static final class Call {
    private String emoji;
    private boolean namesPushed;
    private int sheet = -1;
    private int row = -1;

    void pushString(String value) {
      if (emoji == null) {
        emoji = value;
      }
    }

    void pushInt(int value) {
      if (!namesPushed) {
        return; // the length of the array of names, or an index into it
      }
      if (sheet < 0) {
        sheet = value;
      } else if (row < 0) {
        row = value;
      }
    }
  }

  /** Follows the constructor calls of one method; variants are calls inside a call. */
  private final class ConstructorCalls extends MethodVisitor {

    private final Deque<Call> calls = new ArrayDeque<>();

    ConstructorCalls() {
      super(ASM_API);
    }

    @Override
    public void visitTypeInsn(int opcode, String type) {
      if (opcode == Opcodes.NEW && type.equals(EMOJI)) {
        calls.push(new Call());
      }
    }

    @Override
    public void visitLdcInsn(Object value) {
      if (value instanceof String string && !calls.isEmpty()) {
        calls.peek().pushString(string);
      }
    }

    @Override
    public void visitInsn(int opcode) {
      if (opcode >= Opcodes.ICONST_0 && opcode <= Opcodes.ICONST_5) {
        pushInt(opcode - Opcodes.ICONST_0);
      }
    }

    @Override
    public void visitIntInsn(int opcode, int operand) {
      if (opcode != Opcodes.NEWARRAY) {
        pushInt(operand);
      }
    }

    private void pushInt(int value) {
      if (!calls.isEmpty()) {
        calls.peek().pushInt(value);
      }
    }

    @Override
    public void visitMethodInsn(
        int opcode, String owner, String name, String descriptor, boolean isInterface) {
      if (calls.isEmpty()) {
        return;
      }
      if (owner.equals(LISTS)) {
        calls.peek().namesPushed = true;
      } else if (owner.equals(EMOJI) && name.equals("<init>")) {
        finish(calls.pop());
      }
    }

    private void finish(Call call) {
      if (call.emoji == null || call.row < 0) {
        throw new DataException(
            "emoji pictures: expected a position of '" + call.emoji + "' in the code, found none");
      }
      positions.put(
          EmojiDataset.withoutVariationSelector(call.emoji), new Position(call.sheet, call.row));
    }
  }
}
