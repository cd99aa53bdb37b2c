// What a .cu file needs of CUDA, on threads of the system: each lane is a thread, and the device's memory is that of the
// process. Inline PTX becomes builtins of the compiler before (`cuda_emulated`).
#pragma once
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <vector>

#define __device__
#define __global__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __maxnreg__(count)
#define CUDART_VERSION 13000

struct dim3 {
    unsigned x, y = 1, z = 1;
    dim3(unsigned size = 1) : x(size) {}
};

// A part of a warp, whose lanes act as if the others had ended: how many of them wait, and what each gives.
#ifndef EMULATED_WARP
#define EMULATED_WARP 1
#endif
struct EmulatedWarp {
    unsigned waiting = 0, turn = 0, given[EMULATED_WARP] = {};
};

// A block: those of its lanes that have not ended, and those that wait for the others.
struct EmulatedBlock {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t all = PTHREAD_COND_INITIALIZER;
    unsigned alive = 0, waiting = 0, turn = 0;
    unsigned char *memory = nullptr;
    EmulatedWarp warps[128 / EMULATED_WARP];

    void release() {
        waiting = 0;
        turn++;
        pthread_cond_broadcast(&all);
    }
};

static thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;
static thread_local EmulatedBlock *emulated_block;

inline void __syncthreads() {
    EmulatedBlock *block = emulated_block;
    pthread_mutex_lock(&block->lock);
    unsigned turn = block->turn;
    if (++block->waiting == block->alive) {
        block->release();
    }
    while (block->turn == turn) {
        pthread_cond_wait(&block->all, &block->lock);
    }
    pthread_mutex_unlock(&block->lock);
}

inline void emulated_end() {
    EmulatedBlock *block = emulated_block;
    pthread_mutex_lock(&block->lock);
    block->alive--;
    if (block->waiting > 0 && block->waiting == block->alive) {
        block->release();
    }
    pthread_mutex_unlock(&block->lock);
}

[[noreturn]] inline void emulated_exit() {
    emulated_end();
    pthread_exit(nullptr);
}

inline EmulatedWarp *emulated_warp() { return &emulated_block->warps[threadIdx.x / EMULATED_WARP]; }

// All lanes come to these; none of them has ended.
inline void __syncwarp() {
    EmulatedWarp *warp = emulated_warp();
    unsigned turn = __atomic_load_n(&warp->turn, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&warp->waiting, 1, __ATOMIC_ACQ_REL) == EMULATED_WARP) {
        __atomic_store_n(&warp->waiting, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&warp->turn, turn + 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&warp->turn, __ATOMIC_ACQUIRE) == turn) {
        sched_yield();
    }
}

inline unsigned __shfl_sync(unsigned, unsigned value, unsigned lane) {
    EmulatedWarp *warp = emulated_warp();
    warp->given[threadIdx.x % EMULATED_WARP] = value;
    __syncwarp();
    unsigned found = warp->given[lane % EMULATED_WARP];
    __syncwarp();
    return found;
}

inline unsigned __ballot_sync(unsigned, bool flag) {
    EmulatedWarp *warp = emulated_warp();
    warp->given[threadIdx.x % EMULATED_WARP] = flag;
    __syncwarp();
    unsigned found = 0;
    for (unsigned lane = 0; lane < EMULATED_WARP; lane++) {
        found |= warp->given[lane] << (threadIdx.x % 32 / EMULATED_WARP * EMULATED_WARP + lane);
    }
    __syncwarp();
    return found;
}

[[noreturn]] inline void __trap() { abort(); }
inline void __nanosleep(unsigned) { sched_yield(); }
inline long long clock64() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}
inline int __popcll(unsigned long long value) { return __builtin_popcountll(value); }
inline int __ffsll(long long value) { return __builtin_ffsll(value); }
inline int __clzll(long long value) { return value == 0 ? 64 : __builtin_clzll((unsigned long long)value); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return sqrtf(a); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return sqrt(a); }
inline float __int_as_float(int bits) { float value; memcpy(&value, &bits, 4); return value; }
inline double __longlong_as_double(long long bits) { double value; memcpy(&value, &bits, 8); return value; }

// ---- the host's side ----

enum cudaError_t {
    cudaSuccess = 0, cudaErrorMemoryAllocation = 2, cudaErrorInitializationError = 3, cudaErrorStubLibrary = 34,
    cudaErrorInsufficientDriver = 35, cudaErrorInvalidDeviceFunction = 98, cudaErrorNoDevice = 100,
    cudaErrorNoKernelImageForDevice = 209, cudaErrorUnsupportedPtxVersion = 222, cudaErrorNotReady = 600,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
enum { cudaStreamNonBlocking = 1, cudaHostAllocMapped = 2, cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
typedef void *cudaStream_t;
typedef void *cudaEvent_t;
struct cudaDeviceProp {
    char name[256];
    int major, minor, cooperativeLaunch, maxThreadsPerBlock, multiProcessorCount;
    size_t sharedMemPerBlockOptin;
};

// The memory of the device, in MB, and how many devices there are.
#ifndef EMULATED_MEMORY
#define EMULATED_MEMORY 256
#endif
#ifndef EMULATED_DEVICES
#define EMULATED_DEVICES 1
#endif

inline const char *cudaGetErrorString(cudaError_t) { return "an emulated error"; }
inline cudaError_t cudaGetDeviceCount(int *count) {
    *count = EMULATED_DEVICES;
    return EMULATED_DEVICES == 0 ? cudaErrorNoDevice : cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp *device, int) {
    *device = {"Emulated GPU", 9, 0, 1, 256, 1, 227 << 10};
    return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int) { return cudaSuccess; }
inline cudaError_t cudaMemGetInfo(size_t *available, size_t *every) {
    *available = *every = (size_t)EMULATED_MEMORY << 20;
    return cudaSuccess;
}
inline cudaError_t cudaMalloc(void **start, size_t size) {
    if (size > (size_t)EMULATED_MEMORY << 20) {
        return cudaErrorMemoryAllocation;
    }
    *start = aligned_alloc(256, (size + 255) / 256 * 256);
    memset(*start, 0xab, size);
    return cudaSuccess;
}
inline cudaError_t cudaFree(void *start) { free(start); return cudaSuccess; }
inline cudaError_t cudaHostAlloc(void **start, size_t size, unsigned) {
    *start = malloc(size);
    return cudaSuccess;
}
inline cudaError_t cudaHostGetDevicePointer(void **address, void *start, unsigned) { *address = start; return cudaSuccess; }
inline cudaError_t cudaFreeHost(void *start) { free(start); return cudaSuccess; }
inline cudaError_t cudaMemset(void *start, int value, size_t size) { memset(start, value, size); return cudaSuccess; }
inline cudaError_t cudaMemcpy(void *to, const void *from, size_t size, cudaMemcpyKind) {
    memcpy(to, from, size);
    return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, cudaMemcpyKind kind, cudaStream_t) {
    return cudaMemcpy(to, from, size, kind);
}
inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *, unsigned) { return cudaSuccess; }
inline cudaError_t cudaEventCreate(cudaEvent_t *) { return cudaSuccess; }
inline cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
inline cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t, cudaEvent_t) {
    *milliseconds = 1;
    return cudaSuccess;
}
template <class Kernel> cudaError_t cudaFuncSetAttribute(Kernel, int, int) { return cudaSuccess; }
template <class Kernel> cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *count, Kernel, int threads, size_t) {
    *count = threads > 128 ? 0 : 4;
    return cudaSuccess;
}

struct EmulatedLane {
    void (*kernel)(uint64_t);
    uint64_t argument;
    unsigned thread, block, threads, blocks;
    EmulatedBlock *home;
};

static volatile bool emulated_is_running;

inline void *emulated_lane(void *place) {
    EmulatedLane lane = *(EmulatedLane *)place;
    threadIdx = lane.thread;
    blockIdx = lane.block;
    blockDim = lane.threads;
    gridDim = lane.blocks;
    emulated_block = lane.home;
    lane.kernel(lane.argument);
    emulated_end();
    return nullptr;
}

struct EmulatedLaunch {
    std::vector<EmulatedBlock> blocks;
    std::vector<EmulatedLane> lanes;
    std::vector<std::vector<unsigned char>> memory;
};

inline void *emulated_launch(void *place) {
    EmulatedLaunch *launch = (EmulatedLaunch *)place;
    std::vector<pthread_t> threads(launch->lanes.size());
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 << 10);
    for (size_t index = 0; index < threads.size(); index++) {
        if (pthread_create(&threads[index], &attributes, emulated_lane, &launch->lanes[index]) != 0) {
            abort();
        }
    }
    for (pthread_t thread : threads) {
        pthread_join(thread, nullptr);
    }
    delete launch;
    __atomic_store_n(&emulated_is_running, false, __ATOMIC_SEQ_CST);
    return nullptr;
}

/* As in CUDA 12; CUDA 13 takes kernels by their own type as well. */
inline cudaError_t cudaLaunchCooperativeKernel(const void *kernel, dim3 blocks, dim3 threads, void **arguments,
                                               size_t shared, cudaStream_t) {
    EmulatedLaunch *launch = new EmulatedLaunch{std::vector<EmulatedBlock>(blocks.x), {},
        std::vector<std::vector<unsigned char>>(blocks.x, std::vector<unsigned char>(shared, 0xab))};
    for (unsigned block = 0; block < blocks.x; block++) {
        launch->blocks[block].alive = threads.x;
        launch->blocks[block].memory = launch->memory[block].data();
        for (unsigned thread = 0; thread < threads.x; thread++) {
            launch->lanes.push_back({(void (*)(uint64_t))kernel, *(uint64_t *)arguments[0], thread, block, threads.x, blocks.x,
                                     &launch->blocks[block]});
        }
    }
    pthread_t host;
    __atomic_store_n(&emulated_is_running, true, __ATOMIC_SEQ_CST);
    pthread_create(&host, nullptr, emulated_launch, launch);
    pthread_detach(host);
    return cudaSuccess;
}
inline cudaError_t cudaEventQuery(cudaEvent_t) {
    return __atomic_load_n(&emulated_is_running, __ATOMIC_SEQ_CST) ? cudaErrorNotReady : cudaSuccess;
}
