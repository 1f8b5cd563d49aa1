package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class TensorDataTest {

  @Test
  void bytesAreLittleEndianInCOrder() {
    TensorData tensor = TensorData.ofFloats(new float[] {1, -2, 3, 4, 5, 6}, 2, 3);
    ByteBuffer bytes = tensor.bytes();
    assertThat(bytes.isReadOnly()).isTrue();
    assertThat(bytes.order()).isEqualTo(ByteOrder.LITTLE_ENDIAN);
    assertThat(bytes.getInt(0)).isEqualTo(Float.floatToIntBits(1));
    assertThat(bytes.get(3)).isEqualTo((byte) 0x3f);
    assertThat(bytes.getFloat(4)).isEqualTo(-2);
    assertThat(tensor.shape()).containsExactly(2, 3);
    assertThat(tensor).hasToString("F32[2, 3]");
  }

  @Test
  void everyFloatingDtypeHoldsWhatItCan() {
    double[] values = {0.1, -1.5, 65504, Double.POSITIVE_INFINITY};
    assertThat(TensorData.ofDoubles(DType.F64, values, 4).toDoubles()).containsExactly(values);
    assertThat(TensorData.ofDoubles(DType.F32, values, 4).toDoubles())
        .containsExactly(0.1f, -1.5, 65504, Double.POSITIVE_INFINITY);
    assertThat(TensorData.ofDoubles(DType.F16, values, 4).toDoubles())
        .containsExactly(0x1.998p-4, -1.5, 65504, Double.POSITIVE_INFINITY);
    assertThat(TensorData.ofDoubles(DType.BF16, values, 4).toFloats())
        .containsExactly(0x1.9ap-4f, -1.5f, 65536f, Float.POSITIVE_INFINITY);
  }

  @Test
  void everyIntegerDtypeHoldsItsRange() {
    assertThat(TensorData.ofLongs(DType.I64, new long[] {Long.MIN_VALUE, 7}, 2).toLongs())
        .containsExactly(Long.MIN_VALUE, 7);
    assertThat(TensorData.ofLongs(DType.I32, new long[] {-100, 7}, 2).toDoubles())
        .containsExactly(-100, 7);
    assertThat(TensorData.ofLongs(DType.U8, new long[] {0, 255}, 2).toLongs())
        .containsExactly(0, 255);
    assertThat(TensorData.ofLongs(DType.BOOL, new long[] {0, 1}, 2).toFloats())
        .containsExactly(0, 1);
  }

  @Test
  void aScalarHasNoSizesAndAnEmptyTensorNoValues() {
    TensorData scalar = TensorData.ofDoubles(DType.F64, new double[] {2.5});
    assertThat(scalar.shape()).isEmpty();
    assertThat(scalar.size()).isEqualTo(1);
    assertThat(scalar.toDoubles()).containsExactly(2.5);
    assertThat(TensorData.ofFloats(new float[0], 0, 128).toDoubles()).isEmpty();
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThatThrownBy(() -> TensorData.ofLongs(DType.U8, new long[] {256}, 1))
        .isInstanceOf(DataException.class)
        .hasMessage("value 256 does not fit U8");
    assertThatThrownBy(() -> TensorData.ofLongs(DType.BOOL, new long[] {2}, 1))
        .hasMessage("value 2 does not fit BOOL");
    assertThatThrownBy(() -> TensorData.ofLongs(DType.F32, new long[] {2}, 1))
        .hasMessage("expected an integer dtype or BOOL, found F32");
    assertThatThrownBy(() -> TensorData.ofDoubles(DType.I64, new double[] {2}, 1))
        .hasMessage("expected a floating dtype, found I64");
    assertThatThrownBy(() -> TensorData.ofFloats(new float[1], 1).toLongs())
        .hasMessage("expected an integer dtype or BOOL, found F32");
  }

  @Test
  void shapeAndValuesMustAgree() {
    assertThatThrownBy(() -> TensorData.ofFloats(new float[5], 2, 3))
        .isInstanceOf(DataException.class)
        .hasMessage("shape [2, 3] takes 6 values, found 5");
    assertThatThrownBy(() -> TensorData.of(DType.F64, new long[] {2}, ByteBuffer.allocate(8)))
        .hasMessage("F64[2] takes 16 bytes, found 8");
    assertThatThrownBy(() -> TensorData.ofFloats(new float[1], -1))
        .hasMessage("shape [-1] has a negative size");
    assertThatThrownBy(() -> TensorData.ofFloats(new float[1], 1L << 40, 1L << 40))
        .hasMessage("shape [1099511627776, 1099511627776] is too large");
  }
}
