"""Arrays that the device functions work on: of numpy for the simulator, of torch for a GPU."""

import numpy as np


class HostMemory:
    """Arrays in host memory, for the simulator; bf16 is kept as its bits."""

    name = "simulator"
    _TYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.uint16,
              "i64": np.int64, "u8": np.uint8}

    def array(self, values, dtype):
        if dtype == "bf16":
            bits = np.asarray(values, np.float32).view(np.uint32)
            rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
            return rounded.astype(np.uint16)
        return np.ascontiguousarray(values, self._TYPES[dtype])

    def empty(self, shape, dtype):
        return np.full(shape, 77, self._TYPES[dtype])

    def pointer(self, array):
        return array.ctypes.data

    def values(self, array):
        if array.dtype == np.uint16:
            return (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
        return array.astype(np.float64)

    def stream(self):
        return None

    def synchronize(self):
        pass


class TorchMemory:
    """Arrays of torch: on the current CUDA device and torch's current stream, or in host memory for
    the simulator."""

    def __init__(self, device="cuda"):
        import torch

        self.torch, self.device = torch, device
        self.name = device if device == "cuda" else "simulator"
        self.types = {"f64": torch.float64, "f32": torch.float32, "f16": torch.float16,
                      "bf16": torch.bfloat16, "i64": torch.int64, "u8": torch.uint8}

    def array(self, values, dtype):
        return self.torch.as_tensor(np.array(values)).to(self.device, self.types[dtype])

    def empty(self, shape, dtype):
        return self.torch.empty(shape, dtype=self.types[dtype], device=self.device)

    def pointer(self, array):
        return array.data_ptr()

    def values(self, array):
        return array.double().cpu().numpy()

    def stream(self):
        return self.torch.cuda.current_stream().cuda_stream if self.device == "cuda" else None

    def synchronize(self):
        if self.device == "cuda":
            self.torch.cuda.synchronize()
